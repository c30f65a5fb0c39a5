// The entry of the worker thread: everything heavy about Git happens here, so that the main thread never waits for it.
import { parentPort } from 'node:worker_threads'
import { type Call, type Question, type Reply, type Result, toProblem } from './messages.ts'
import { openSession } from './open-session.ts'
import type { Session } from './session.ts'

const sessions = new Map<number, Session>()

async function answer(id: number, call: Call): Promise<Result> {
  if (call.kind === 'open') {
    sessions.set(id, openSession(call.options))
    return { backend: call.options.git === undefined ? 'embedded' : 'native' }
  }
  const session = sessions.get(id)
  if (!session) throw new Error(`session ${id} is not open`)
  switch (call.kind) {
    case 'fetch':
      return session.fetch(call.revision)
    case 'head':
      return session.head(call.revision)
    case 'branches':
      return session.branches(call.prefix)
    case 'snapshot':
      return session.snapshot(call.oid, call.path, call.since)
    case 'read':
      return session.read(call.files)
    case 'commit':
      return session.commit(call.oid)
    case 'between':
      return session.between(call.from, call.to, call.limit)
    case 'resolve':
      return session.resolve(call.revision)
    case 'signature':
      return session.signature(call.oid, call.keys)
    case 'merge':
      return session.merge(call.onto, call.head)
    case 'contains':
      return session.contains(call.onto, call.head)
    case 'treeOf':
      return session.treeOf(call.oid, call.path)
    case 'write':
      return session.write(call.revision, call.request)
    case 'note':
      await session.note(call.oid, call.text, call.author, call.at)
      return undefined
    case 'close':
      sessions.delete(id)
      await session.close()
      return undefined
    default:
      return call satisfies never
  }
}

async function reply({ id, session, call }: Question): Promise<Reply> {
  try {
    return { id, result: await answer(session, call) }
  } catch (error) {
    return { id, problem: toProblem(error) }
  }
}

parentPort?.on('message', async (question: Question) => {
  const sent = await reply(question)
  const bytes = 'result' in sent && sent.result && typeof sent.result === 'object' && 'bytes' in sent.result
  parentPort?.postMessage(sent, bytes ? [sent.result.bytes.buffer] : [])
})
