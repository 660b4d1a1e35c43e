// A small exchange, written for nats.js: a market publishes prices, a desk places orders, a broker executes them at a
// quote that it requests, a ledger books the trades, and a board shows the prices. Everything important is published;
// quotes are requests. At the end it reports what is missing.
import { connect } from 'nats'

const servers = process.env['NATS_URL'] ?? 'localhost:4222'
const patience = Number(process.env['PATIENCE'] ?? 2000)

const symbols = ['eur', 'usd', 'gbp', 'jpy']
const ticksPerSymbol = 100
const orderCount = 60

interface Tick {
  readonly symbol: string
  readonly tick: number
  readonly price: number
}

interface Order {
  readonly id: number
  readonly symbol: string
  readonly quantity: number
}

interface Trade {
  readonly order: number
  readonly symbol: string
  readonly amount: number
}

const nc = await connect({ servers })

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

const say = (subject: string, value: object): void => nc.publish(subject, JSON.stringify(value))

// --- the market: a price for each symbol, again and again

const market = async (): Promise<void> => {
  for (let tick = 1; tick <= ticksPerSymbol; tick++) {
    for (const [i, symbol] of symbols.entries()) {
      const price = 100 * (i + 1) + (tick % 10)
      const message: Tick = { symbol, tick, price }
      say(`prices.${symbol}`, message)
    }
    if (tick % 20 === 0) await nc.flush()
  }
}

// --- the board: the newest price of each symbol

interface Board {
  /** How many prices of all symbols it has shown. */
  readonly shown: () => number
  /** How often a price came after a newer one, or twice. */
  readonly disorders: () => number
  readonly price: (symbol: string) => number
  readonly closed: Promise<void>
}

const openBoard = (): Board => {
  const newest = new Map<string, Tick>()
  let shown = 0
  let disorders = 0
  const prices = nc.subscribe('prices.*')
  const show = async (): Promise<void> => {
    for await (const message of prices) {
      const tick = message.json<Tick>()
      const before = newest.get(tick.symbol)
      if (message.subject !== `prices.${tick.symbol}`) throw new Error(`a price on ${message.subject}`)
      if (before !== undefined && before.tick >= tick.tick) disorders += 1
      else shown += 1
      newest.set(tick.symbol, tick)
    }
  }
  return {
    shown: () => shown,
    disorders: () => disorders,
    price: symbol => newest.get(symbol)?.price ?? 0,
    closed: show(),
  }
}

// --- quotes: any free instance answers

const openQuotes = (board: Board): { readonly answered: () => number } => {
  let answered = 0
  nc.subscribe('quotes', {
    queue: 'quoting',
    callback: (err, message) => {
      if (err !== null) throw err
      answered += 1
      message.respond(JSON.stringify({ price: board.price(message.string()) }))
    },
  })
  return { answered: () => answered }
}

// --- the desk: places orders, and receives a confirmation of each

interface Desk {
  readonly confirmed: ReadonlySet<string>
  readonly placeAll: () => Promise<void>
}

const openDesk = (): Desk => {
  const confirmed = new Set<string>()
  nc.subscribe('confirmations', { callback: (_, message) => void confirmed.add(message.string()) })
  return {
    confirmed,
    placeAll: async () => {
      for (let id = 1; id <= orderCount; id++) {
        const symbol = symbols[id % symbols.length] ?? 'eur'
        const order: Order = { id, symbol, quantity: 1 + (id % 5) }
        nc.publish('orders', JSON.stringify(order))
        if (id % 10 === 0) await pause(1)
      }
    },
  }
}

// --- the broker: executes orders at the price it is quoted

const openBroker = (): { readonly executed: () => number } => {
  let executed = 0
  const execute = async (order: Order): Promise<void> => {
    const quote = await nc.request('quotes', order.symbol, { timeout: 20_000 })
    const { price } = quote.json<{ readonly price: number }>()
    const trade: Trade = { order: order.id, symbol: order.symbol, amount: order.quantity * price }
    say('trades', trade)
    executed += 1
  }
  nc.subscribe('orders', {
    callback: (err, message) => {
      // A lost order can't be executed; the report says so.
      if (err !== null) return
      const order = message.json<Order>()
      nc.publish('confirmations', `order ${order.id}`)
      execute(order).catch(cause => console.error(`order ${order.id}:`, cause))
    },
  })
  return { executed: () => executed }
}

// --- the ledger: books each trade

interface Ledger {
  readonly booked: () => number
  /** How often a trade came twice. */
  readonly doubles: () => number
  readonly closed: Promise<void>
}

const openLedger = (): Ledger => {
  const amounts = new Map<number, number>()
  let doubles = 0
  const trades = nc.subscribe('trades')
  const book = async (): Promise<void> => {
    for await (const message of trades) {
      const trade = message.json<Trade>()
      if (amounts.has(trade.order)) doubles += 1
      amounts.set(trade.order, trade.amount)
    }
  }
  return { booked: () => amounts.size, doubles: () => doubles, closed: book() }
}

// --- the day

const board = openBoard()
const quotes = openQuotes(board)
const broker = openBroker()
const ledger = openLedger()
const desk = openDesk()
await nc.flush()

await Promise.all([market(), desk.placeAll()])

const ticks = symbols.length * ticksPerSymbol
const isComplete = (): boolean =>
  board.shown() === ticks && ledger.booked() === orderCount && desk.confirmed.size === orderCount

for (const start = Date.now(); !isComplete() && Date.now() - start < patience; ) await pause(5)
await nc.drain()
await Promise.all([board.closed, ledger.closed])

const missing = ticks - board.shown() + 2 * orderCount - ledger.booked() - desk.confirmed.size
console.log(`prices shown: ${board.shown()} of ${ticks}`)
console.log(`orders confirmed: ${desk.confirmed.size} of ${orderCount}`)
console.log(`trades booked: ${ledger.booked()} of ${orderCount}`)
console.log(`quotes answered: ${quotes.answered() >= broker.executed() ? 'all' : 'not all'}`)
console.log(`twice or out of order: ${board.disorders() + ledger.doubles()}`)
console.log(missing === 0 ? 'nothing is missing' : `missing: ${missing}`)
