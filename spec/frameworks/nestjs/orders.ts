import { Controller, Inject, Injectable, Module } from '@nestjs/common'
import { type ClientProxy, EventPattern, Payload } from '@nestjs/microservices'
import { SequencedClient } from './sequencedNats.js'

const servers = process.env['NATS_URL'] ?? 'localhost:4222'

export interface Order {
  readonly shop: string
  readonly id: number
}

/** Receives the orders of all shops. */
@Controller()
export class Ledger {
  readonly orders = new Set<string>()

  @EventPattern('orders.*.created')
  created(@Payload() order: Order): void {
    this.orders.add(`${order.shop} ${order.id}`)
  }
}

@Module({ controllers: [Ledger] })
export class LedgerModule {}

@Injectable()
export class Shop {
  constructor(@Inject('EVENTS') private readonly events: ClientProxy) {}

  create(order: Order): void {
    this.events.emit(`orders.${order.shop}.created`, order)
  }
}

@Module({ providers: [Shop, { provide: 'EVENTS', useFactory: () => new SequencedClient({ servers }) }] })
export class ShopModule {}
