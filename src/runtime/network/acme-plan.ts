// What to order of an ACME server, and when. Certificates are told apart by their hosts: Ingresses that ask for the same hosts share one.
import { backoffMs } from '../../base/backoff.ts'
import { shortHash } from '../../base/hash.ts'
import type { WantedCertificate } from './acme-wanted.ts'
import type { NetworkProblem } from './table.ts'

/** A certificate that was obtained. Times in ms. */
export interface HeldCertificate {
  readonly hosts: readonly string[]
  readonly notBefore: number
  readonly notAfter: number
}

/** An order as it went. Times in ms. */
export interface OrderAttempt {
  readonly hosts: readonly string[]
  readonly at: number
  /** `begun`: it runs, or Berth ended in the middle of it. */
  readonly outcome: 'begun' | 'issued' | 'failed'
  /** Why it failed. */
  readonly message: string
  /** The server asked to be left alone until then; 0: it did not. */
  readonly notUntil: number
}

export interface AcmeState {
  readonly wanted: readonly WantedCertificate[]
  readonly held: readonly HeldCertificate[]
  /** Oldest first. */
  readonly attempts: readonly OrderAttempt[]
  /** Names of certificates whose order the server has accepted and that are not here yet: going on with one costs nothing. */
  readonly open: ReadonlySet<string>
}

export interface OrderPlan {
  /** Hosts of the certificate to order now, and why; undefined: none. */
  readonly order: { readonly hosts: readonly string[]; readonly cause: string } | undefined
  /** When to look again, ms; undefined: not before something changes. */
  readonly nextAt: number | undefined
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const longestWaitMs = 6 * hourMs
/** Issuers allow five failures per host and hour. */
const attemptsPerHour = 4
/** Attempts older than this say nothing any more: the longest wait is over, also after what a server usually asks for. */
export const attemptsKeptMs = 8 * 24 * hourMs

interface Due {
  readonly hosts: readonly string[]
  readonly at: number
  readonly cause: string
  readonly isMissing: boolean
}

/** One order at a time: what is missing before what is to be renewed, and more hosts before fewer, as they may serve both. */
export function planOrders(state: AcmeState, now: number): OrderPlan {
  const due = hostSets(state.wanted).map((hosts) => whenDue(hosts, state, now))
  const [first] = due.filter(({ at }) => at <= now).sort(byUrgency)
  if (first) return { order: { hosts: first.hosts, cause: first.cause }, nextAt: undefined }
  const later = due.map(({ at }) => at)
  return { order: undefined, nextAt: later.length === 0 ? undefined : Math.min(...later) }
}

/** What Ingresses lack, in their words. */
export function certificateProblems(state: AcmeState, now: number): readonly NetworkProblem[] {
  return state.wanted.flatMap(({ ingress, hosts }) => {
    const message = problemOf(hosts, state, now)
    return message === undefined ? [] : [{ key: ingress, message }]
  })
}

/** Which of the certificates at hand serve which hosts: of several the newest. One that is not for all hosts of its entry is better than none. */
export function servedCertificates<T extends HeldCertificate>(
  wanted: readonly WantedCertificate[],
  held: readonly T[],
): readonly { readonly certificate: T; readonly hosts: readonly string[] }[] {
  const newest = [...held].sort(byNewest)
  const served = new Map<T, string[]>()
  for (const host of [...new Set(wanted.flatMap(({ hosts }) => hosts))].sort()) {
    const certificate = newest.find(({ hosts }) => hosts.includes(host))
    if (certificate) served.set(certificate, [...(served.get(certificate) ?? []), host])
  }
  return [...served].map(([certificate, hosts]) => ({ certificate, hosts }))
}

/** Name of the certificate for these hosts: the host, or the first of several and a hash. */
export function certificateName(hosts: readonly string[]): string {
  const [first = ''] = hosts
  return hosts.length === 1 && first.length <= 200 ? first : `${first.slice(0, 200)}-${shortHash([...hosts].sort())}`
}

function hostSets(wanted: readonly WantedCertificate[]): readonly (readonly string[])[] {
  return [...new Map(wanted.map(({ hosts }) => [certificateName(hosts), hosts])).values()]
}

function byUrgency(a: Due, b: Due): number {
  const missing = Number(b.isMissing) - Number(a.isMissing)
  return missing || b.hosts.length - a.hosts.length || (certificateName(a.hosts) < certificateName(b.hosts) ? -1 : 1)
}

function byNewest(a: HeldCertificate, b: HeldCertificate): number {
  return b.notBefore - a.notBefore || (certificateName(a.hosts) < certificateName(b.hosts) ? -1 : 1)
}

function whenDue(hosts: readonly string[], state: AcmeState, now: number): Due {
  const held = covering(hosts, state.held)
  // At two thirds of its life: 30 days before the end of 90.
  const wishedAt = held ? held.notBefore + ((held.notAfter - held.notBefore) * 2) / 3 : 0
  const cause = held ? `the certificate ends at ${timeText(held.notAfter)}` : 'there is no certificate yet'
  // Attempts of the future are from before the clock was set back.
  const attempts = state.attempts.filter(({ at }) => at <= now)
  const own = attempts.filter((attempt) => certificateName(attempt.hosts) === certificateName(hosts))
  const mayGoOn = own.at(-1)?.outcome === 'begun' && state.open.has(certificateName(hosts))
  const at = mayGoOn ? wishedAt : Math.max(wishedAt, afterFailures(own), afterTooMany(hosts, attempts, now))
  return { hosts, at, cause, isMissing: held === undefined }
}

function covering(hosts: readonly string[], held: readonly HeldCertificate[]): HeldCertificate | undefined {
  return held.filter((one) => hosts.every((host) => one.hosts.includes(host))).sort(byNewest)[0]
}

/** 1 min after the first failure, 2 after the second, … 6 h; never before the server wants to be asked again. */
function afterFailures(own: readonly OrderAttempt[]): number {
  const failures = failuresOf(own)
  const last = failures.at(-1)
  return last ? Math.max(last.at + backoffMs(failures.length, minuteMs, longestWaitMs), last.notUntil) : 0
}

function failuresOf(own: readonly OrderAttempt[]): readonly OrderAttempt[] {
  const issued = own.findLastIndex(({ outcome }) => outcome === 'issued')
  return own.slice(issued + 1).filter(({ outcome }) => outcome === 'failed')
}

/** Whatever goes wrong, also in other orders for the same hosts: only so many an hour. */
function afterTooMany(hosts: readonly string[], attempts: readonly OrderAttempt[], now: number): number {
  return Math.max(
    ...hosts.map((host) => {
      const recent = attempts.filter((attempt) => attempt.at > now - hourMs && attempt.hosts.includes(host))
      const oldest = recent.at(-attemptsPerHour)
      return oldest ? oldest.at + hourMs : 0
    }),
  )
}

function problemOf(hosts: readonly string[], state: AcmeState, now: number): string | undefined {
  const held = covering(hosts, state.held)
  const own = state.attempts.filter((attempt) => certificateName(attempt.hosts) === certificateName(hosts))
  const last = failuresOf(own).at(-1)
  // A certificate that came after a failure, by the order of another entry, has made it good.
  if (held && held.notAfter > now && (!last || held.notBefore > last.at)) return undefined
  const names = hosts.join(', ')
  if (!held && !last) return `a certificate for ${names} is on order`
  const { at } = whenDue(hosts, state, now)
  const next = at > now ? `next try at ${timeText(at)}` : 'it is tried again now'
  const reason = last ? `: ${last.message}; ${next}` : `; ${next}`
  if (!held) return `no certificate for ${names}${reason}`
  const end = held.notAfter > now ? 'ends' : 'ended'
  return `the certificate for ${names} ${end} at ${timeText(held.notAfter)} and is not renewed yet${reason}`
}

/** To the second. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
