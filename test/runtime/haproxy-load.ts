import { Agent, get } from 'node:http'

export interface Load extends AsyncDisposable {
  /** Resolves after so many more answers. */
  more(answers: number): Promise<void>
  /** Ends the clients, and says what they met. */
  end(): Promise<{ readonly answers: number; readonly failures: readonly string[] }>
}

/** Clients that ask one thing after the other, some of them on one connection each, the others on a new one every time. */
export function startLoad(host: string, port: number, keepAlive: number, fresh: number): Load {
  const failures: string[] = []
  let answers = 0
  let running = true
  let waiting: (() => void)[] = []
  const ask = (agent: Agent | false) =>
    new Promise<void>((resolve) => {
      const settle = (failure?: string) => {
        if (failure === undefined) answers += 1
        else failures.push(failure)
        for (const wake of waiting.splice(0)) wake()
        resolve()
      }
      get({ host, port, agent, timeout: 10_000 }, (response) => {
        response.resume()
        response.on('end', () => settle(response.statusCode === 200 ? undefined : `status ${response.statusCode}`))
        response.on('error', (error) => settle(error.message))
      })
        .on('timeout', () => settle('timeout'))
        .on('error', (error) => settle(error.message))
    })
  const client = async (agent: Agent | false) => {
    while (running) await ask(agent)
    if (agent) agent.destroy()
  }
  const clients = [
    ...Array.from({ length: keepAlive }, () => client(new Agent({ keepAlive: true, maxSockets: 1 }))),
    ...Array.from({ length: fresh }, () => client(false)),
  ]
  const end = async () => {
    running = false
    await Promise.all(clients)
    return { answers, failures }
  }
  return {
    async more(count) {
      const enough = answers + count
      while (answers < enough && failures.length < 100) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    end,
    async [Symbol.asyncDispose]() {
      await end()
      waiting = []
    },
  }
}
