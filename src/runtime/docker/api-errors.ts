import { errorText } from '../../base/errors.ts'
import { RuntimeError, type RuntimeErrorCode } from '../errors.ts'
import { EngineAnswer, NoAnswer } from './transport.ts'

export type Call = 'create' | 'start' | 'network' | 'other'

interface Rule {
  readonly code: RuntimeErrorCode
  readonly status?: number
  readonly call?: Call
  readonly text?: RegExp
}

// First match wins. The engine tells many failures apart by words only.
const rules: readonly Rule[] = [
  { code: 'PORT_TAKEN', text: /port is already allocated|address already in use|failed to bind host port/ },
  { code: 'SUBNET_TAKEN', text: /overlaps with other one|no available (network|ipv4)|could not find an available/i },
  { code: 'NO_SUCH_IMAGE', text: /no such image/i },
  { code: 'NO_SUCH_CONTAINER', text: /no such container/i },
  { code: 'NO_SUCH_NETWORK', status: 404, text: /network .*not found|no such network/i },
  { code: 'NO_SUCH_VOLUME', status: 404, text: /no such volume/i },
  { code: 'VOLUME_IN_USE', status: 409, text: /volume is in use/ },
  { code: 'NAME_TAKEN', status: 409, text: /already (in use|exists)/ },
  { code: 'REFUSED', status: 400, call: 'create' },
  { code: 'REFUSED', text: /cannot unmarshal/ },
  {
    code: 'START_FAILED',
    call: 'start',
    text: /unable to apply caps|failed to create|OCI runtime|cannot join|non running container/,
  },
  { code: 'START_FAILED', status: 400, call: 'start' },
  { code: 'REFUSED', status: 400 },
  { code: 'ENGINE_ERROR' },
]

/** What the caller should make of a failed call; no answer at all is HOST_UNREACHABLE. Bugs pass through unchanged. */
export function runtimeError(error: unknown, subject: string, call: Call = 'other'): RuntimeError {
  if (error instanceof RuntimeError) return error
  const text = errorText(error)
  if (error instanceof NoAnswer) return new RuntimeError('HOST_UNREACHABLE', subject, text, { cause: error })
  if (!(error instanceof EngineAnswer)) throw error
  const rule = rules.find(
    (candidate) =>
      (candidate.status === undefined || candidate.status === error.status) &&
      (candidate.call === undefined || candidate.call === call) &&
      (candidate.text === undefined || candidate.text.test(text)),
  )
  return new RuntimeError(rule?.code ?? 'ENGINE_ERROR', subject, text, { cause: error })
}

/** The call found things as it was to make them: already started, already stopped, already gone. */
export function alreadySo(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof EngineAnswer && statuses.includes(error.status)
}
