/** The page: controls, an animation loop, and what happened in words. */
import { explain } from '../../src/core/index.ts'
import { duration, height, picture } from './picture.ts'
import type { Delivered, Settings } from './world.ts'
import { createWorld } from './world.ts'

const find = <E extends Element>(id: string, type: new () => E): E => {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} with the id ${id}`)
  return found
}

const input = (id: string): HTMLInputElement => find(id, HTMLInputElement)

const settings = (): Settings => ({
  loss: input('loss').valueAsNumber,
  delay: input('delay').valueAsNumber,
  rate: input('rate').valueAsNumber,
  kept: input('kept').valueAsNumber,
  mode: find('mode', HTMLSelectElement).value === 'arrival' ? 'arrival' : 'ordered',
})

/** A seed in the address (`#7`) repeats a run, as long as nobody touches the controls. */
const seed = /^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : Math.floor(Math.random() * 1e6)
const world = createWorld(seed, settings)

const svg = find('timeline', SVGSVGElement)
const log = find('log', HTMLOListElement)

/** How long the cut of a connection lasts, in ms. */
const outage = 300

/** The longest step of the animation, in ms: a hidden page stands still. */
const maxStep = 100

const maxLines = 200

let isPaused = false
let loggedAt = Number.NEGATIVE_INFINITY

const draw = (): void => {
  const width = svg.clientWidth
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
  svg.innerHTML = picture(
    {
      now: world.now(),
      packets: world.packets(),
      deliveries: world.deliveries(),
      restarts: world.restarts(),
      outages: world.outages(),
    },
    width,
  )
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

const addLine = ({ at, delivery }: Delivered): void => {
  const line = document.createElement('li')
  const time = document.createElement('time')
  time.textContent = seconds(at)
  line.className = delivery._tag
  line.append(time, ' ', explain(delivery))
  log.prepend(line)
  while (log.children.length > maxLines) log.lastElementChild?.remove()
}

/** Messages in order are no news. */
const isNews = ({ delivery }: Delivered): boolean => delivery._tag !== 'Message' || delivery.verdict === 'Recovered'

const report = (): void => {
  const fresh = world.deliveries().filter(d => d.at > loggedAt)
  for (const d of fresh.filter(isNews)) addLine(d)
  loggedAt = world.now()
  for (const [name, count] of Object.entries(world.counts())) {
    const output = find(name, HTMLOutputElement)
    if (output.value !== `${count}`) output.value = `${count}`
  }
}

const advance = (ms: number): void => {
  world.runTo(world.now() + ms)
  report()
  world.forget(world.now() - duration(svg.clientWidth))
  draw()
}

// --- controls

const showValues = (): void => {
  for (const slider of document.querySelectorAll<HTMLInputElement>('input[type=range]')) {
    const output = slider.parentElement?.querySelector('output')
    if (output instanceof HTMLOutputElement) output.value = `${slider.value} ${slider.dataset['unit'] ?? ''}`
  }
}

const onClick = (id: string, act: () => void): void =>
  find(id, HTMLButtonElement).addEventListener('click', () => {
    act()
    draw()
  })

onClick('publish', world.publish)
onClick('drop', world.dropNext)
onClick('cut', () => world.cut(outage))
onClick('restart', world.restart)
onClick('pause', () => {
  isPaused = !isPaused
  find('pause', HTMLButtonElement).textContent = isPaused ? 'Continue' : 'Pause'
})
find('mode', HTMLSelectElement).addEventListener('change', world.subscribe)
document.addEventListener('input', showValues)
new ResizeObserver(draw).observe(svg)
showValues()

let drawnAt = performance.now()
const animate = (time: number): void => {
  const step = Math.min(time - drawnAt, maxStep) / input('speed').valueAsNumber
  drawnAt = time
  if (!isPaused) advance(Math.max(step, 0))
  requestAnimationFrame(animate)
}
requestAnimationFrame(animate)
