/** How a program behaves; decided by its image's name. */
export interface Program {
  /** From start to ready; undefined: never. */
  readonly readyAfterMs: number | undefined
  /** Its liveness probe gives it up; undefined: never. */
  readonly sickAfterMs: number | undefined
  /** It ends by itself; undefined: it does not. */
  readonly exitAfterMs: number | undefined
  readonly exitCode: number
  /** How long it takes to end after SIGTERM. */
  readonly stopMs: number
}

/**
 * `crash` ends with 1, `never` never gets ready, `sick` fails its liveness probe after 10 s, `done` ends with 0 (`init` sooner, `long` after 90 s),
 * `fail` ends with 3, `flaky` does so at its first attempt only, `slow` takes 20 s, `berth-test` no time; anything else is ready after a
 * second.
 */
export function programOf(reference: string, attempt = 0): Program {
  const image = reference.replace(/^sha256:/, '')
  const is = (name: string): boolean => image.startsWith(name)
  const good = {
    readyAfterMs: is('berth-test') || image === 'pause' ? 0 : 1_000,
    sickAfterMs: undefined,
    exitAfterMs: undefined,
    exitCode: 0,
    stopMs: 500,
  }
  const ends = (exitAfterMs: number, exitCode: number): Program => {
    return { ...good, readyAfterMs: undefined, exitAfterMs, exitCode }
  }
  if (is('crash')) return ends(300, 1)
  if (is('never')) return { ...good, readyAfterMs: undefined }
  if (is('sick')) return { ...good, sickAfterMs: 10_000 }
  if (is('init')) return ends(500, 0)
  if (is('done')) return ends(2_000, 0)
  if (is('long')) return ends(90_000, 0)
  if (is('fail')) return ends(1_000, 3)
  if (is('flaky')) return ends(1_000, attempt === 0 ? 3 : 0)
  return is('slow') ? { ...good, readyAfterMs: 20_000, stopMs: 8_000 } : good
}
