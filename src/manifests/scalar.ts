// Unquoted text in YAML means what kubectl reads: YAML 1.1 in the dialect of Go's yaml package.

export type Scalar = string | number | bigint | boolean | null

const constants: ReadonlyMap<string, boolean | null> = new Map([
  ...words(['', '~', 'null', 'Null', 'NULL'], null),
  ...words(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'], true),
  ...words(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'], false),
])

const notFinite = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const leadingPoint = /^\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?$/
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/

/** The value of a plain scalar. Throws RangeError for infinity and NaN, which JSON does not have. */
export function plainScalar(text: string): Scalar {
  const constant = constants.get(text)
  if (constant !== undefined) return constant
  if (notFinite.test(text)) throw new RangeError('expected a finite number')
  // With a leading point an underscore counts only between digits; elsewhere all of them are dropped.
  if (text.startsWith('.')) return leadingPoint.test(text) ? finiteOr(text, text.replaceAll('_', '')) : text
  if (!/^[-+0-9]/.test(text)) return text
  const digits = text.replaceAll('_', '')
  return integer(digits) ?? (float.test(digits) ? finiteOr(text, digits) : text)
}

/** The value of a scalar with one of YAML's own tags, `int` to `str`; throws RangeError when it does not fit. */
export function taggedScalar(tag: string, text: string): Scalar {
  if (tag === 'str') return text
  if (tag === 'binary') return binaryText(text)
  const value = plainScalar(text)
  const fits =
    (tag === 'int' && (typeof value === 'bigint' || Number.isInteger(value))) ||
    (tag === 'float' && (typeof value === 'number' || typeof value === 'bigint')) ||
    (tag === 'bool' && typeof value === 'boolean') ||
    (tag === 'null' && value === null)
  if (!fits) throw new RangeError(`expected text that fits the tag !!${tag}`)
  return value
}

const longestInteger = 2n ** 63n

/** Binary, octal (`0o17`, `017`), hexadecimal or decimal within int64; bigint where a number would lose digits. */
function integer(text: string): number | bigint | undefined {
  const [, sign, body] = /^([-+]?)(.*)$/s.exec(text) ?? []
  if (body === undefined || !/^(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/.test(body))
    return undefined
  const octal = /^0[0-7]+$/.test(body)
  const size = BigInt(octal ? `0o${body.slice(1)}` : body.toLowerCase())
  const value = sign === '-' ? -size : size
  if (value < -longestInteger || value >= longestInteger) return undefined
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function finiteOr(text: string, digits: string): number | string {
  const value = Number(digits)
  return Number.isFinite(value) ? value : text
}

function binaryText(text: string): string {
  try {
    const bytes = Uint8Array.from(atob(text.replace(/[\r\n]/g, '')), (character) => character.charCodeAt(0))
    return new TextDecoder().decode(bytes)
  } catch {
    throw new RangeError('expected base64 after the tag !!binary')
  }
}

function words<T>(texts: readonly string[], value: T): [string, T][] {
  return texts.map((text) => [text, value])
}
