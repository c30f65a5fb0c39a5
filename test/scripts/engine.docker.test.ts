import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ping } from '../../scripts/engine.mjs'
import { mayStartEngines, startTestEngine } from '../support/docker-engine.ts'
import { engineJson } from '../support/engine-call.ts'
import { ensureTestImages, testImages } from '../support/images.ts'

describe.runIf(mayStartEngines)('a private engine', () => {
  test('runs containers that its network reaches, and loses them with SIGKILL but not their record', async () => {
    await using engine = await startTestEngine()
    await ensureTestImages(engine.host)
    await engineJson(engine.host, 'POST', '/networks/create', { Name: 'shop' })
    const { Id } = await engineJson<{ Id: string }>(engine.host, 'POST', '/containers/create?name=web', {
      Image: testImages.one,
      HostConfig: { NetworkMode: 'shop' },
    })
    await engineJson(engine.host, 'POST', `/containers/${Id}/start`)
    const before = await inspect(engine.host, Id)
    expect(before.State.Running).toBe(true)
    const address = before.NetworkSettings.Networks.shop?.IPAddress ?? ''
    await expect.poll(() => fetched(engine.command, `http://${address}:8080/`)).toContain('version 1')

    await engine.stop('kill')
    expect(await ping(engine.host)).not.toBe('')
    await engine.start()
    expect(await ping(engine.host)).toBe('')
    expect((await inspect(engine.host, Id)).State.Running).toBe(false)
  })

  test('leaves no folder, mount, process or control group', async () => {
    const engine = await startTestEngine()
    const folder = dirname(engine.host.replace('unix://', ''))
    expect(existsSync(folder)).toBe(true)
    await engine[Symbol.asyncDispose]()
    expect(existsSync(folder)).toBe(false)
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder)
    expect(commandLines().filter((line) => line.includes(folder))).toEqual([])
    expect(foldersBelow('/sys/fs/cgroup').filter((path) => path.includes(basename(folder)))).toEqual([])
  })
})

function commandLines(): string[] {
  return readdirSync('/proc')
    .map((entry) => `/proc/${entry}/cmdline`)
    .filter((file) => /^\/proc\/\d+\//.test(file))
    .flatMap((file) => textOf(file))
}

/** Those that other engines remove meanwhile may be missing. */
function foldersBelow(folder: string): string[] {
  try {
    const own = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return own.flatMap(({ name }) => [join(folder, name), ...foldersBelow(join(folder, name))])
  } catch {
    return []
  }
}

/** Nothing of a process that has just ended. */
function textOf(file: string): string[] {
  try {
    return [readFileSync(file, 'utf8')]
  } catch {
    return []
  }
}

interface Inspected {
  readonly State: { readonly Running: boolean }
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> }
}

function inspect(host: string, id: string): Promise<Inspected> {
  return engineJson<Inspected>(host, 'GET', `/containers/${id}/json`)
}

function fetched(command: (argv: readonly string[]) => string[], url: string): string {
  const script = `fetch('${url}').then((r) => r.text()).then(console.log, () => {})`
  const [program = '', ...argv] = command([process.execPath, '-e', script])
  return execFileSync(program, argv, { encoding: 'utf8' })
}
