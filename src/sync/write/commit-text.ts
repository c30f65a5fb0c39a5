/** A commit to write. */
export interface NewCommit {
  readonly tree: string
  readonly parents: readonly string[]
  /** Author and committer. */
  readonly author: { readonly name: string; readonly email: string }
  /** Ms. */
  readonly at: number
  readonly message: string
}

/** The content of a commit object; `sign` gets it without a signature and gives one, in armor. */
export function commitBytes(commit: NewCommit, sign?: (payload: Uint8Array) => string): Uint8Array {
  const { tree, parents, author, at, message } = commit
  const who = `${plain(author.name) || 'berth'} <${plain(author.email)}> ${Math.floor(at / 1000)} +0000`
  const headers = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${who}`, `committer ${who}`]
  const text = `${message.replaceAll('\0', '').trimEnd()}\n`
  const payload = Buffer.from(`${headers.join('\n')}\n\n${text}`)
  if (!sign) return payload
  const signature = sign(payload).trimEnd().replaceAll('\n', '\n ')
  return Buffer.from(`${headers.join('\n')}\ngpgsig ${signature}\n\n${text}`)
}

/** Names must not hold what ends them in a commit. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would end the line
  return text.replace(/[\u0000-\u001f<>]/g, '').trim()
}

/** The values of a trailer, such as `Berth-App`, in the last paragraph of a message. */
export function trailer(message: string, name: string): string[] {
  const last =
    message
      .trimEnd()
      .split(/\n\s*\n/)
      .at(-1) ?? ''
  return last
    .split('\n')
    .filter((line) => line.startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2).trim())
}
