/**
 * Characters of all variables and words of one process: Linux gives it no more by default. References to references double with each step,
 * so that a small text could stand for one that no machine can hold.
 */
export const mostText = 2 * 1024 ** 2

/**
 * Replaces `$(NAME)` by the variable's value, as Kubernetes does in command, args and env values: `$$` is a plain `$`
 * (so `$$(NAME)` stays `$(NAME)`), what is not known or not closed stays as it is, and values are not looked at again. Ends soon after
 * `mostText`: with what is longer nothing can be started.
 */
export function expand(text: string, variables: Pick<ReadonlyMap<string, string>, 'get'>): string {
  // Known once for all: searching again after each `$(` would take for ever in a text full of them.
  const lastClose = text.lastIndexOf(')')
  let result = ''
  let at = 0
  while (at < text.length && result.length <= mostText) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0 || dollar === text.length - 1) break
    result += text.slice(at, dollar)
    const [replacement, length] = reference(text, dollar, lastClose, variables)
    result += replacement
    at = dollar + length
  }
  return result + text.slice(at)
}

/** What stands for the reference at `dollar`, and how many characters it takes up. */
function reference(
  text: string,
  dollar: number,
  lastClose: number,
  variables: Pick<ReadonlyMap<string, string>, 'get'>,
): [string, number] {
  const next = text[dollar + 1]
  if (next === '$') return ['$', 2]
  if (next !== '(') return [`$${next}`, 2]
  if (dollar > lastClose) return ['$(', 2]
  const close = text.indexOf(')', dollar)
  const name = text.slice(dollar + 2, close)
  return [variables.get(name) ?? `$(${name})`, close - dollar + 1]
}
