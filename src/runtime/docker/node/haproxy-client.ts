// The sockets of HAProxy, reached by the shell in the node container.
import {
  complaints,
  readAffinity,
  readConfigErrors,
  readDescription,
  readList,
  readServersState,
  readSessions,
  readStopping,
  readUptimeSeconds,
  readWorkers,
  type Worker,
} from '../../network/haproxy-answers.ts'
import { commandLines, type RunningServers } from '../../network/haproxy-commands.ts'
import {
  haproxyFolder,
  haproxyLog,
  masterSocket,
  oldMasterSocket,
  statePath,
  workerSocket,
} from '../../network/node-paths.ts'
import { readUses, useTable } from '../../network/preview-haproxy.ts'
import type { NodeShell } from './contract.ts'
import { listenersScript } from './listeners.ts'
import { quoted } from './shell-text.ts'

/** How long HAProxy may take for an answer, s. */
const longestAnswer = 10
/** HAProxy 2.6 teaches the next worker only after it has waited for its own teacher. */
const teachingAgeSeconds = 8
/**
 * What comes after these is said once each thread is between two of its tasks: one that was not given the processor in the middle of a
 * request may have chosen a server by what was so before, and not have counted the session yet.
 */
const threadsPassed = ['show info', 'show fd 0']
const noAnswer = '(no answer)'
const useCommand = `show table ${useTable}`
const nextFolder = `${statePath}/haproxy.next`

export interface WorkerFacts {
  /** Hash of the configuration that it runs. */
  readonly hash: string
  readonly servers: RunningServers
}

export class HaproxyClient {
  readonly #shell: NodeShell

  constructor(shell: NodeShell) {
    this.#shell = shell
  }

  /** The current worker; undefined: HAProxy does not run. */
  async worker(): Promise<WorkerFacts | undefined> {
    const text = await this.#shell.run(ask(workerSocket, 'show info;show servers state'))
    const hash = readDescription(text)
    return hash === undefined ? undefined : { hash, servers: readServersState(text) }
  }

  /** Commands that tell the next worker who sticks to whom, where the current one is too young to do that by itself. */
  async affinity(tables: readonly string[]): Promise<readonly string[]> {
    if (tables.length === 0) return []
    const info = await this.#shell.run(ask(workerSocket, 'show info'))
    if (readUptimeSeconds(info) > teachingAgeSeconds) return []
    const lines = commandLines(tables.map((table) => `show table ${table}`))
    return readAffinity(await this.#shell.run(lines.map((line) => ask(workerSocket, line)).join('\n')))
  }

  /** What the current worker runs; undefined: it does not answer. */
  async hash(): Promise<string | undefined> {
    return readDescription(await this.#shell.run(ask(workerSocket, 'show info')))
  }

  async lists(paths: readonly { readonly path: string; readonly kind: string }[]) {
    const found = new Map<string, ReadonlyMap<string, string>>()
    for (const { path, kind } of paths) {
      const text = await this.#shell.run(ask(workerSocket, `show ${kind} ${statePath}/${path}`))
      if (!text.includes('Unknown')) found.set(path, readList(text))
    }
    return found
  }

  /** Answers what was not a success. */
  async tell(commands: readonly string[]): Promise<readonly string[]> {
    if (commands.length === 0) return []
    const lines = commandLines(commands).map((line) => ask(workerSocket, line))
    return complaints(await this.#shell.run(lines.join('\n')))
  }

  /** All workers, also those of a container that was replaced. Undefined: the master does not answer, as while it starts a worker. */
  async workers(): Promise<readonly (Worker & { readonly socket: string })[] | undefined> {
    const sockets = [masterSocket, oldMasterSocket]
    const texts = await this.#answers(sockets.map((socket) => ask(socket, 'show proc')))
    if (texts[0] === noAnswer || texts.includes('')) return undefined
    return texts.flatMap((text, index) => {
      const socket = sockets[index] ?? ''
      return readWorkers(text).workers.map((worker) => ({ ...worker, socket, isOld: worker.isOld || index > 0 }))
    })
  }

  /** What each was answered. Empty: the connection ended without an answer, as when the master starts itself anew. */
  async #answers(asks: readonly string[]): Promise<readonly string[]> {
    const text = await this.#shell.run(asks.map((each) => `${each}; echo ==`).join('\n'))
    return text
      .split('==\n')
      .slice(0, -1)
      .map((answer) => answer.trim())
  }

  /**
   * Sessions by `backend/server` over all workers. Undefined: it could not be told, or a worker that was replaced may still choose a server
   * for what comes, as it was not told yet that it is to end.
   */
  async sessions(backends: readonly string[]): Promise<ReadonlyMap<string, number> | undefined> {
    const workers = (await this.workers()) ?? []
    if (workers.length === 0) return undefined
    const lines = commandLines([...threadsPassed, ...backends.map((backend) => `show stat ${backend} 4 -1`)])
    const asked = workers.flatMap((worker) => lines.map((line, index) => ({ worker, line, isFirst: index === 0 })))
    const texts = await this.#answers(asked.map(({ worker: { pid, socket }, line }) => ask(socket, `@!${pid};${line}`)))
    const isChoosing = asked.some(
      ({ worker, isFirst }, index) => worker.isOld && isFirst && !readStopping(texts[index] ?? ''),
    )
    return isChoosing || !texts.every(isAnswer) ? undefined : readSessions(texts.join('\n'))
  }

  /** Previews that were asked for -> how long ago, ms. */
  async previewUses(): Promise<ReadonlyMap<string, number>> {
    return readUses(await this.#shell.run(ask(workerSocket, useCommand)))
  }

  /** The same by what workers that were replaced still carry. Undefined: it could not be told. */
  async previewUsesBefore(): Promise<ReadonlyMap<string, number> | undefined> {
    const workers = await this.workers()
    const replaced = workers?.filter(({ isOld }) => isOld)
    if (replaced === undefined) return undefined
    const texts = await this.#answers(replaced.map(({ pid, socket }) => ask(socket, `@!${pid};${useCommand}`)))
    return texts.every(isAnswer) ? readUses(texts.join('\n')) : undefined
  }

  /** Asks for a new worker; it is there once `hash` says so. False: the master is busy with the one before. */
  async reload(): Promise<boolean> {
    return !(await this.#shell.run(ask(masterSocket, 'reload'))).includes(noAnswer)
  }

  /** Undefined: the master does not answer, as while it starts a worker. */
  async failedReloads(): Promise<number | undefined> {
    return readWorkers(await this.#shell.run(ask(masterSocket, 'show proc'))).failedReloads
  }

  /**
   * What HAProxy would say to the folder with these files in it (undefined: without it), by name in the folder; the empty name is for what
   * concerns no single file. Nothing: it takes them.
   */
  async check(changes: ReadonlyMap<string, string | undefined>): Promise<ReadonlyMap<string, string>> {
    const removed = [...changes].filter(([, text]) => text === undefined).map(([path]) => quoted(inNext(path)))
    await this.#shell.run(
      [
        `rm -rf ${nextFolder} && mkdir -p ${nextFolder} ${haproxyFolder}`,
        `for file in ${haproxyFolder}/*.cfg; do [ ! -e "$file" ] || ln -s "$file" ${nextFolder}/; done`,
        ...(removed.length > 0 ? [`rm -f -- ${removed.join(' ')}`] : []),
      ].join('\n'),
    )
    await this.#shell.write(
      [...changes].flatMap(([path, text]) => (text === undefined ? [] : [{ path: inNext(path), text }])),
    )
    const words = await this.#shell.run(`haproxy -c -f ${nextFolder} 2>&1 || echo refused`)
    if (!words.trimEnd().endsWith('refused')) return new Map()
    const errors = readConfigErrors(words, nextFolder)
    return errors.size > 0 ? errors : new Map([['', words.trim()]])
  }

  /** Puts the files in place that were checked last. */
  async take(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    const removed = [...changes]
      .filter(([, text]) => text === undefined)
      .map(([path]) => quoted(`${statePath}/${path}`))
    await this.#shell.run(
      [
        'set -e',
        // The others are links to files that are in place.
        `find ${nextFolder} -type f -name '*.cfg' -exec mv -f -t ${haproxyFolder} {} +`,
        // What the container had set aside to come up at all: HAProxy was just asked about all that there is.
        `rm -f -- ${haproxyFolder}/*.cfg.refused`,
        ...(removed.length > 0 ? [`rm -f -- ${removed.join(' ')}`] : []),
      ].join('\n'),
    )
  }

  /** How much HAProxy has said so far, bytes. */
  async logLength(): Promise<number> {
    return Number(await this.#shell.run(`[ ! -e ${haproxyLog} ] || wc -c <${haproxyLog}`))
  }

  /** What it has said since against files, by name in the folder. */
  async logErrors(since: number): Promise<ReadonlyMap<string, string>> {
    const words = await this.#shell.run(`[ ! -e ${haproxyLog} ] || tail -c +${since + 1} ${haproxyLog}`)
    return readConfigErrors(words, haproxyFolder)
  }

  /** Ports that others than HAProxy listen on. */
  async listeners(): Promise<string> {
    return this.#shell.run(listenersScript(['tcp']))
  }

  /** Names and SHA-256 of files, paths below the state folder. */
  async checksums(): Promise<ReadonlyMap<string, string>> {
    const text = await this.#shell.run(
      `cd ${statePath} && sha256sum haproxy/*.cfg haproxy/*.lua maps/* 2>/dev/null || true`,
    )
    const lines = text.split('\n').map((line) => /^([0-9a-f]{64}) [ *](.+)$/.exec(line))
    return new Map(lines.flatMap((match): [string, string][] => (match ? [[match[2] ?? '', match[1] ?? '']] : [])))
  }
}

function isAnswer(text: string): boolean {
  return text !== '' && text !== noAnswer
}

function inNext(path: string): string {
  return `${nextFolder}/${path.replace(/^haproxy\//, '')}`
}

function ask(socket: string, line: string): string {
  return `echo ${quoted(line)} | socat -t${longestAnswer} - UNIX-CONNECT:${socket} 2>/dev/null || echo '${noAnswer}'`
}
