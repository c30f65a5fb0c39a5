/** Resolves to the first SIGTERM or SIGINT; a second one ends the process as if nobody listened. */
export function signalled(): Promise<'SIGTERM' | 'SIGINT'> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done(signal))
  })
}

/** Who reads our words may stop reading, as `head` does: that is no reason to end what is being done. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}
