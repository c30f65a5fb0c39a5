import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Journal } from '../../src/journal/journal.ts'
import { EngineWorld } from '../support/engine-world.ts'
import { Load } from '../support/load.ts'
import { testNodeImage } from '../support/node-image.ts'
import { TestBerth } from './berth.ts'

const place = process.pid % 250
export const clusterIP = `10.221.${place}.20`

const service = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { clusterIP, selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
})

/** A Berth that takes failures back in a bare repository, with a Service whose load must not notice. */
export class RollbackWorld {
  readonly berth = new TestBerth('rollback')
  readonly bare: string

  constructor() {
    const { berth } = this
    this.bare = join(berth.dir, 'shop.git')
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', this.bare])
    berth.network = 'services'
    berth.configure(
      {},
      {
        podCIDR: '10.220.0.0/16',
        serviceCIDR: `10.221.${place}.0/24`,
        nodeImage: testNodeImage,
        ingress: { httpPort: 0, httpsPort: 0 },
      },
      { source: { repoURL: this.bare, path: 'app' }, rollback: { onFailure: 'revert', observe: '2s' } },
    )
  }

  push(message: string, files: Readonly<Record<string, string | null>>): string {
    const oid = this.berth.repository.commit(message, files)
    this.berth.repository.git('push', '-q', this.bare, 'HEAD:main')
    return oid
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-C', this.bare, ...args], { encoding: 'utf8' }).trim()
  }

  /** Runs `files` until they are known to be healthy. Answers the commit. */
  async healthy(files: Readonly<Record<string, string>>): Promise<string> {
    const { berth } = this
    const good = this.push('Add web', { ...files, 'app/service.yaml': service, 'README.md': 'one\n' })
    berth.start()
    await berth.until('the commit is known to be healthy', () => this.#healthyCommit() === good)
    return good
  }

  #healthyCommit(): string | undefined {
    const journal = Journal.openToRead(join(this.berth.dir, 'state'))
    try {
      return journal.healthy('app', `${this.bare}#app`)?.commit
    } finally {
      journal.close()
    }
  }

  /** Pushes a commit that fails; no request may, until it is taken back. Answers the message of the commit that takes it back. */
  async takenBack(files: Readonly<Record<string, string>>, timeoutMs = 90_000): Promise<string> {
    const { berth } = this
    const good = this.git('rev-parse', 'main')
    const load = new Load({ paths: [{ name: 'ClusterIP', host: clusterIP, port: 80 }], clients: { keep: 2, new: 2 } })
    const bad = this.push('Break web', files)
    await berth.until(
      'the commit is taken back',
      (app) => app.rollback?.failed === bad && app.rollback.commit === app.head && app.sync === 'Synced',
      timeoutMs,
    )
    const { commit, health, message } = await berth.until('all is well', (app) => app.health === 'Healthy')
    await load.more(50)
    const { counts, failures } = await load.end()
    expect(failures).toEqual([])
    for (const { answers } of counts) expect(answers).toBeGreaterThan(5)
    expect(health).toBe('Healthy')
    expect(commit).toBe(this.git('rev-parse', 'main'))
    expect(message).toContain(`${bad.slice(0, 7)} failed: Deployment web: `)
    expect(this.git('rev-parse', 'main^')).toBe(bad)
    expect(this.git('rev-parse', 'main^{tree}')).toBe(this.git('rev-parse', `${good}^{tree}`))
    const words = this.git('log', '-1', '--format=%B', 'main')
    expect(words).toContain(`Berth-Reverts: ${bad}`)
    expect(words).toContain('Berth-App: app')
    berth.repository.git('pull', '-q', this.bare, 'main')
    return words
  }

  async close(): Promise<void> {
    await this.berth.stop()
    await new EngineWorld(this.berth.socket).clean(this.berth.id)
    await this.berth.close()
  }
}
