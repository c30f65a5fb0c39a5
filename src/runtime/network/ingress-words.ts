// Words of HAProxy's configuration made of what manifests say: nothing of it can become another word or another line.

/** Taken as it is. What is no text (line ends, NUL) becomes a space. */
export function word(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  return `'${text.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').replaceAll("'", `'\\''`)}'`
}

/** HAProxy takes no line of more than 64 words. */
const patternsInLine = 50

/** A condition of this name, which any of the patterns fulfils. Behind `--` none of them is taken for an option. */
export function conditionLines(name: string, what: string, patterns: readonly string[]): string[] {
  const lines: string[] = []
  for (let at = 0; at < patterns.length; at += patternsInLine) {
    const some = patterns.slice(at, at + patternsInLine)
    lines.push(`  acl ${name} ${what} -- ${some.map(word).join(' ')}`)
  }
  return lines
}

/** The same where HAProxy looks for `%[…]`. */
export function plainFormat(text: string): string {
  return text.replaceAll('%', '%%')
}

/** Variables of nginx that annotations use -> what HAProxy calls them. */
const variables: Readonly<Record<string, string>> = {
  request_uri: '%[pathq]',
  uri: '%[path]',
  host: '%[var(txn.host)]',
  http_host: '%[req.hdr(host)]',
  scheme: '%[var(txn.scheme)]',
  args: '%[query]',
  remote_addr: '%[src]',
}

/** A text with variables of nginx (`$request_uri`), which others leave empty. */
export function variableFormat(text: string): string {
  return plainFormat(text).replaceAll(/\$\{?([a-z_]+)\}?/g, (whole, name: string) => variables[name] ?? whole)
}

/** `$1` are groups of the regular expression that stands before it. */
export function groupFormat(text: string): string {
  return plainFormat(text)
    .replaceAll('\\', '\\\\')
    .replaceAll(/\$(\d)/g, '\\$1')
}

/** The text as a regular expression. */
export function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
