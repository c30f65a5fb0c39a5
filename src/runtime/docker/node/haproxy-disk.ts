import { sha256 } from '../../../base/hash.ts'
import { type HaproxyPlan, haproxyFiles } from '../../network/haproxy-files.ts'
import type { NodeShell } from './contract.ts'

const sha256Length = 64

/** Files by path below the state folder; undefined: to be removed. */
type Changes = ReadonlyMap<string, string | undefined>

/** What HAProxy starts from, as it is on the volume: only what differs is written. */
export class HaproxyDisk {
  /** What was written, or since the start its SHA-256. */
  readonly #files: Map<string, string>

  /** `checksums`: SHA-256 by path. */
  constructor(checksums: ReadonlyMap<string, string> = new Map()) {
    this.#files = new Map(checksums)
  }

  changes(plan: HaproxyPlan): Changes {
    const files = haproxyFiles(plan)
    const stale = [...this.#files.keys()].filter((path) => path.startsWith('haproxy/') && !files.has(path))
    const changed = [...files].filter(([path, text]) => !this.#has(path, text))
    return new Map<string, string | undefined>([...stale.map((path) => [path, undefined] as const), ...changed])
  }

  async write(shell: NodeShell | undefined, files: Iterable<readonly [string, string | undefined]>): Promise<void> {
    const changes = [...files].filter(([path, text]) => text === undefined || !this.#has(path, text))
    if (changes.length === 0) return
    await shell?.write(changes.map(([path, text]) => ({ path, text })))
    this.remember(changes)
  }

  /** Of files that somebody else has put there. */
  remember(files: Iterable<readonly [string, string | undefined]>): void {
    for (const [path, text] of files) {
      if (text === undefined) this.#files.delete(path)
      else this.#files.set(path, text)
    }
  }

  #has(path: string, text: string): boolean {
    const known = this.#files.get(path)
    if (known === text) return true
    if (known === undefined || known.length !== sha256Length || known !== sha256(text)) return false
    this.#files.set(path, text)
    return true
  }
}
