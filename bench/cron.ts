// 10,000 CronJobs of many schedules and time zones: what it costs to decide for all of them, minute after minute, through a night in
// which clocks change. Argument: number of CronJobs.
import { type CronFacts, decide, requeueDelay } from '../src/cron/due.ts'
import { isFault, type Schedule, scheduleOf } from '../src/cron/schedule.ts'
import { countFrom, quantile } from './support/numbers.ts'

const minuteMs = 60_000
const start = Date.parse('2026-03-28T22:00:00Z')
const ticks = 480
const zones = [undefined, 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'Australia/Lord_Howe', 'Asia/Kolkata']

export async function run(args: readonly string[]): Promise<void> {
  const count = countFrom(args, 10_000)
  const began = performance.now()
  let all = Array.from({ length: count }, (_, number) => facts(number))
  console.log(`${count} schedules read in ${(performance.now() - began).toFixed(1)} ms`)
  const times: number[] = []
  let runs = 0
  for (let tick = 0; tick < ticks; tick += 1) {
    const looked = measure(all, start + tick * minuteMs + 50)
    times.push(looked.ms)
    runs += looked.due.size
    all = all.map((each, index) => ({ ...each, last: looked.due.get(index) ?? each.last }))
  }
  const [p50, p99, most] = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)]
  console.log(
    `${ticks} ticks with ${runs} runs: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, most ${most.toFixed(2)} ms`,
  )
  console.log(`cron: ${p50.toFixed(2)} ms a tick, p99 ${p99.toFixed(2)} ms (${count} CronJobs; target <= 10 ms)`)
}

/** One tick: a decision and the next time for each. */
function measure(all: readonly CronFacts[], now: number): { ms: number; due: ReadonlyMap<number, number> } {
  const due = new Map<number, number>()
  const began = performance.now()
  for (const [index, each] of all.entries()) {
    const decision = decide(each, now)
    if (decision.action === 'create') due.set(index, decision.scheduled)
    if (!isFault(each.schedule)) requeueDelay(each.schedule, each, now)
  }
  return { ms: performance.now() - began, due }
}

/** From every five minutes to once a year. */
function facts(number: number): CronFacts {
  const minute = number % 60
  const hour = Math.floor(number / 60) % 24
  const texts = [
    `${minute % 5}-59/5 * * * *`,
    `${minute} * * * *`,
    `${minute} ${hour} * * *`,
    `${minute} ${hour} * * mon-fri`,
    `${minute} ${hour} ${1 + (number % 28)} * *`,
    `${minute} ${hour} 29 2 *`,
    `@every ${5 + minute}m`,
  ]
  const schedule = known(texts[number % texts.length] ?? '', zones[Math.floor(number / texts.length) % zones.length])
  return {
    name: `job-${number}`,
    schedule,
    suspend: false,
    concurrencyPolicy: 'Allow',
    startingDeadlineMs: undefined,
    since: start - minuteMs,
    last: undefined,
    active: [],
  }
}

function known(text: string, zone: string | undefined): Schedule {
  const schedule = scheduleOf(text, zone)
  if (isFault(schedule)) throw new Error(schedule.message)
  return schedule
}
