// Two shops emit orders to three ledgers. Reports how many arrive.
import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ClientNats, type ClientProxy, ServerNats } from '@nestjs/microservices'
import { paced, report, settled, trial } from '../trial.js'
import { Ledger, LedgerModule, Shop, ShopModule } from './orders.js'
import { SequencedServer } from './sequencedNats.js'

const nats = { servers: trial.url }
const logger = false

@Module({ providers: [Shop, { provide: 'EVENTS', useFactory: () => new ClientNats(nats) }] })
class PlainShopModule {}

const startLedger = async () => {
  const strategy = trial.isSequenced ? new SequencedServer(nats) : new ServerNats(nats)
  const app = await NestFactory.createMicroservice(LedgerModule, { strategy, logger })
  await app.listen()
  return app
}

const startShop = async () => {
  const app = await NestFactory.createApplicationContext(trial.isSequenced ? ShopModule : PlainShopModule, { logger })
  const client = app.get<ClientProxy>('EVENTS')
  await client.connect()
  // A sequenced client closes with its application.
  return { shop: app.get(Shop), close: () => (trial.isSequenced ? app.close() : client.close()) }
}

const main = async (): Promise<void> => {
  const ledgers = await Promise.all([startLedger(), startLedger(), startLedger()])
  const shops = await Promise.all([startShop(), startShop()])
  const closeShops = () => Promise.all(shops.map(s => s.close()))

  await paced(id => {
    for (const [i, { shop }] of shops.entries()) shop.create({ shop: `shop-${i}`, id })
  })
  if (trial.scenario === 'stop') await closeShops()
  const sent = trial.events * shops.length * ledgers.length
  const arrived = () => ledgers.reduce((sum, app) => sum + app.get(Ledger).orders.size, 0)
  await settled(arrived, sent)
  report(sent, arrived())
  if (trial.scenario !== 'stop') await closeShops()
  await Promise.all(ledgers.map(app => app.close()))
}

void main()
