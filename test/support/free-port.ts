import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below what the kernel gives to clients and to servers that ask for any port: those would take it again before whoever it is for. Files that
 * run at the same time are in workers of other numbers.
 */
const first = 10_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 9) * 1000
const count = 1000
let last = process.pid % count

/** A TCP port of this machine that nobody listens on, each time another one. */
export async function freePort(): Promise<number> {
  for (;;) {
    last = (last + 1) % count
    const server = createServer()
    try {
      server.listen(first + last)
      await once(server, 'listening')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue
      throw error
    }
    server.close()
    await once(server, 'close')
    return first + last
  }
}
