import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'

export interface Daemon {
  /** `git://127.0.0.1:port` */
  readonly origin: string
  close(): Promise<void>
}

/** A real `git daemon` for all repositories below a folder. */
export async function startDaemon(root: string): Promise<Daemon> {
  const port = await freePort()
  // Not by `git daemon`, which starts it as a child that outlives it.
  const program = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-daemon')
  const options = ['--listen=127.0.0.1', `--port=${port}`, '--export-all', '--verbose', '--informative-errors']
  const child = spawn(program, [...options, `--base-path=${root}`, root], { stdio: ['ignore', 'ignore', 'pipe'] })
  await ready(child)
  return { origin: `git://127.0.0.1:${port}`, close: () => ended(child) }
}

function ready(child: ChildProcess): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('Ready to rumble')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`git daemon ended (${code}): ${said}`)))
  })
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
