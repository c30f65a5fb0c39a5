// The messages of grpc.health.v1.Health, which are too small for a library. Pure.

/** HealthCheckRequest { string service = 1 } in the frame of a call: not compressed, its length. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

export type ServingStatus = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN'

const statuses: readonly ServingStatus[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']

/** HealthCheckResponse { ServingStatus status = 1 } in its frame; other fields are passed over. Undefined: it is none. */
export function readHealthResponse(frame: Buffer): ServingStatus | undefined {
  if (frame.length < 5 || frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - 5) return undefined
  let status = 0
  for (let at = 5; at < frame.length; ) {
    const tag = readVarint(frame, at)
    const value = tag && skipped(frame, tag.next, tag.value & 7)
    if (!value) return undefined
    if (tag.value === 0x08) status = value.number
    at = value.next
  }
  return statuses[status] ?? 'UNKNOWN'
}

/** Past one field of a wire type. */
function skipped(bytes: Buffer, at: number, type: number): { number: number; next: number } | undefined {
  const read = type === 0 || type === 2 ? readVarint(bytes, at) : undefined
  if (type === 0) return read && { number: read.value, next: read.next }
  const next = type === 1 ? at + 8 : type === 5 ? at + 4 : read && read.next + read.value
  return next === undefined || next > bytes.length ? undefined : { number: 0, next }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}

function readVarint(bytes: Buffer, at: number): { value: number; next: number } | undefined {
  let value = 0
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, next: at + index + 1 }
  }
  return undefined
}
