import { hostname } from 'node:os'
import { Logger, type OnApplicationShutdown } from '@nestjs/common'
import { ClientNats, ServerNats } from '@nestjs/microservices'
import type { NatsConnection } from 'nats'
import { sequenced } from 'nats-sequenced'

const logger = new Logger('nats-sequenced')
const report = (cause: unknown): void => logger.error(cause)

const numbered = (nc: NatsConnection): NatsConnection =>
  sequenced(nc, {
    subjects: ['orders.>'],
    // Several processes emit these events. A sender's name is one token of at most 64 bytes.
    addressing: 'perSender',
    sender: hostname().replaceAll('.', '-').slice(-64),
    // A lost event delays the events of its sender, and no others.
    gapTimeout: 10_000,
  })

/** The strategy of a microservice that receives numbered events. */
export class SequencedServer extends ServerNats {
  #nc: NatsConnection | undefined

  override async createNatsClient(): Promise<NatsConnection> {
    this.#nc = numbered(await super.createNatsClient())
    return this.#nc
  }

  // NestJS only closes the connection. `drain` requests missing messages first, and delivers them.
  override async close(): Promise<void> {
    await this.#nc?.drain().catch(report)
    await super.close()
  }
}

/** A client that emits numbered events. */
export class SequencedClient extends ClientNats implements OnApplicationShutdown {
  override async createClient(): Promise<NatsConnection> {
    return numbered((await super.createClient()) as NatsConnection)
  }

  // While disconnected, NestJS refuses to emit. A numbered connection keeps the events, and sends them afterwards.
  override connect(): Promise<unknown> {
    return this.natsClient === null ? super.connect() : Promise.resolve(this.natsClient)
  }

  // NestJS only closes the connection. `drain` lets receivers request their missing messages first.
  override async close(): Promise<void> {
    await (this.natsClient as NatsConnection | null)?.drain().catch(report)
    await super.close()
  }

  onApplicationShutdown(): Promise<void> {
    return this.close()
  }
}
