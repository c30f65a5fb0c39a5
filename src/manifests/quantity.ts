export type QuantityFormat = 'DecimalSI' | 'DecimalExponent' | 'BinarySI'

/** An exact amount; finer than a billionth is rounded up, as Kubernetes does. */
export interface Quantity {
  readonly nano: bigint
  readonly format: QuantityFormat
  /** `e` or `E`, as it was written; empty for the other formats. */
  readonly letter: string
}

const decimalSuffixes: readonly (readonly [string, number])[] = [
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]
const decimalExponents: ReadonlyMap<string, number> = new Map(decimalSuffixes)
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const one = 10n ** 9n
const longestInteger = 2n ** 63n - 1n
const form = /^([-+]?)([0-9]{1,40})?(?:\.([0-9]{0,40}))?(?:([numkMGTPE]|[KMGTPE]i)?|([eE])([-+]?[0-9]{1,2}))$/

/** Reads `500m`, `1.5Gi`, `1e3`, `128974848`; undefined when it is none, or beyond 2^63-1. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = form.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', suffix = '', letter = '', exponent = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const binary = binarySuffixes.indexOf(suffix)
  const power = binary > 0 ? 0 : letter === '' ? decimalExponents.get(suffix)! : Number(exponent)
  const factor = binary > 0 ? 1024n ** BigInt(binary) : 1n
  const size = scaled(BigInt(whole + fraction) * factor, power + 9 - fraction.length)
  if (size > longestInteger * one) return undefined
  const format = binary > 0 ? 'BinarySI' : letter === '' ? 'DecimalSI' : 'DecimalExponent'
  return { nano: sign === '-' ? -size : size, format, letter }
}

/** The one way to write it: the largest suffix that leaves a whole number, in the family in which it was written. */
export function renderQuantity({ nano, format, letter }: Quantity): string {
  if (nano === 0n) return '0'
  if (format === 'BinarySI' && nano % one === 0n) {
    let rest = nano / one
    let step = 0
    while (step < binarySuffixes.length - 1 && rest % 1024n === 0n) {
      rest /= 1024n
      step += 1
    }
    return `${rest}${binarySuffixes[step]}`
  }
  for (const [suffix, power] of decimalSuffixes.toReversed()) {
    const unit = 10n ** BigInt(power + 9)
    if (nano % unit !== 0n) continue
    const ending = format === 'DecimalExponent' && power !== 0 ? `${letter}${power}` : suffix
    return `${nano / unit}${ending}`
  }
  return `${nano}n`
}

/** -1, 0 or 1. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0
}

/** In the format of the first; zero for none. */
export function sumQuantities(items: readonly Quantity[]): Quantity {
  const nano = items.reduce((sum, item) => sum + item.nano, 0n)
  return { format: items[0]?.format ?? 'DecimalSI', letter: items[0]?.letter ?? '', nano }
}

/** Whole units, rounded away from zero. */
export function wholeUnits(quantity: Quantity): bigint {
  return divided(quantity.nano, one)
}

/** Thousandths, rounded away from zero; undefined beyond int64. */
export function thousandths(quantity: Quantity): bigint | undefined {
  const value = divided(quantity.nano, 10n ** 6n)
  return value > longestInteger || value < -longestInteger - 1n ? undefined : value
}

/** `500m` of cpu -> 500; 0 for what is absent. The text must be a quantity of a checked object. */
export function toMillis(text: string | undefined): number {
  return text === undefined ? 0 : Number(divided(known(text).nano, 10n ** 6n))
}

/** `1Gi` of memory -> 1073741824; 0 for what is absent. The text must be a quantity of a checked object. */
export function toBytes(text: string | undefined): number {
  return text === undefined ? 0 : Number(wholeUnits(known(text)))
}

function known(text: string): Quantity {
  const quantity = parseQuantity(text)
  if (!quantity) throw new TypeError(`"${text}" is no quantity`)
  return quantity
}

function scaled(digits: bigint, power: number): bigint {
  return power >= 0 ? digits * 10n ** BigInt(power) : divided(digits, 10n ** BigInt(-power))
}

function divided(value: bigint, by: bigint): bigint {
  const rest = value % by
  return value / by + (rest === 0n ? 0n : rest > 0n ? 1n : -1n)
}
