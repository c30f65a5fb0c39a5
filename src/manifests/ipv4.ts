/** Addresses from `first`, as a number, to `last`. */
export interface Ipv4Range {
  readonly first: number
  readonly last: number
}

/** Undefined: not an IPv4 address. */
export function ipv4Number(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (!parts || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** `10.96.0.0/16`, also with bits set beyond the prefix; undefined: not a range. */
export function ipv4Range(text: string): (Ipv4Range & { readonly prefix: number }) | undefined {
  const [, address = '', length = ''] = /^([0-9.]+)\/([0-9]{1,2})$/.exec(text) ?? []
  const number = ipv4Number(address)
  const prefix = Number(length)
  if (number === undefined || prefix > 32) return undefined
  const count = 2 ** (32 - prefix)
  const first = number - (number % count)
  return { first, last: first + count - 1, prefix }
}

/** IPv4 in CIDR form, without bits set beyond the prefix. */
export function isNetwork(text: string): boolean {
  return ipv4Range(text)?.first === ipv4Number(text.split('/')[0] ?? '')
}

export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last
}

export function isIn({ first, last }: Ipv4Range, address: number): boolean {
  return address >= first && address <= last
}

export function isIpv6(text: string): boolean {
  return /^[0-9a-fA-F:.]+$/.test(text) && text.split(':').length > 2
}

/** `2001:db8::/32` */
export function isIpv6Range(text: string): boolean {
  const [, address = '', prefix = ''] = /^([^/]+)\/([0-9]{1,3})$/.exec(text) ?? []
  return isIpv6(address) && Number(prefix) <= 128
}

/** Where no traffic from elsewhere can be meant to go: 0.0.0.0, the host itself, what is only valid on one link. */
export function isSpecialAddress(address: number): boolean {
  const special = ['0.0.0.0/32', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/24'].map(ipv4Range)
  return special.some((range) => range && address >= range.first && address <= range.last)
}
