// SSH's wire format (RFC 4251, section 5).

/** Thrown when bytes end early or say something impossible; never leaves this folder. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** Reads one value after the other. */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new WireError('the data ends early')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  uint32(): number {
    return this.take(4).readUInt32BE()
  }

  string(): Buffer {
    return this.take(this.uint32())
  }

  text(): string {
    return this.string().toString('latin1')
  }
}

export function wireString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array)
  return Buffer.concat([wireNumber(bytes.length), bytes])
}

export function wireNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A positive `mpint`: no leading zeros, but one where the first bit would mean a sign. */
export function wireInteger(value: Uint8Array): Buffer {
  const digits = withoutZeros(value)
  return wireString(digits.length > 0 && digits[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits)
}

export function withoutZeros(value: Uint8Array): Buffer {
  const first = value.findIndex((byte) => byte !== 0)
  return Buffer.from(first < 0 ? [] : value.subarray(first))
}
