const most = 64
const quote = 0x22
const backslash = 0x5c

/**
 * JSON out of the bytes of a body: `undefined` when it is none, is nested deeper than 64, or is no UTF-8. The depth is counted before
 * anything is parsed. Of a form, as forges can be told to send, it is the member `payload`.
 */
export function readJson(bytes: Uint8Array, contentType: string): unknown {
  try {
    const plain = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const isForm = /^application\/x-www-form-urlencoded\b/i.test(contentType)
    // curl calls whatever it posts a form.
    const text = (isForm ? new URLSearchParams(plain).get('payload') : null) ?? plain
    return isDeep(text) ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function isDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (quoted) {
      if (code === backslash) at++
      else if (code === quote) quoted = false
    } else if (code === quote) quoted = true
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > most) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}
