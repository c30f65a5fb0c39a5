/** A range of IPv4 addresses: `first` is the lowest as a number. */
export interface AddressRange {
  readonly first: number
  readonly count: number
}

/** Undefined: not an IPv4 address. */
export function addressNumber(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (!parts || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** `10.96.0.0/16`; undefined: not a range. Bits beyond the prefix do not count. */
export function addressRange(text: string): AddressRange | undefined {
  const [address = '', length = ''] = text.split('/')
  const number = addressNumber(address)
  const prefix = /^\d{1,2}$/.test(length) ? Number(length) : 33
  if (number === undefined || prefix > 32) return undefined
  const count = 2 ** (32 - prefix)
  return { first: number - (number % count), count }
}

export function inRange({ first, count }: AddressRange, address: number): boolean {
  return address >= first && address < first + count
}
