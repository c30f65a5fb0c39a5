import { readFile } from 'node:fs/promises'
import { errorText } from '../base/errors.ts'
import { call } from '../outward/call.ts'
import { CallError } from '../outward/errors.ts'
import type { AppEvent } from '../report/event.ts'
import type { NotificationSettings } from '../settings.ts'
import { messageCall } from './message.ts'

// Answers are read for what is wrong alone.
const longestAnswerBytes = 2 ** 16

/** Tells one receiver of one event. Addresses and tokens are read anew each time. Throws CallError. */
export async function deliver(
  settings: NotificationSettings,
  event: AppEvent,
  link: string,
  signal: AbortSignal,
): Promise<void> {
  const { type, template, tokenFile } = settings
  const url = await addressOf(settings)
  const token = tokenFile === undefined ? undefined : await wordIn(tokenFile)
  await call(messageCall({ type, template, url, token }, event, link), {
    ...{ signal, longestBytes: longestAnswerBytes },
    secrets: [url.href, url.pathname, ...url.pathname.split('/'), ...url.searchParams.values()],
  })
}

/** Some addresses are secret in themselves: no message repeats one. */
async function addressOf({ url, urlFile, urlEnv }: NotificationSettings): Promise<URL> {
  const text = url ?? (urlFile === undefined ? (process.env[urlEnv ?? ''] ?? '').trim() : await wordIn(urlFile))
  const place = url === undefined ? (urlFile ?? `variable ${urlEnv}`) : 'url'
  const address = URL.parse(text)
  if (!address || !/^https?:$/.test(address.protocol) || address.username !== '' || address.password !== '') {
    throw new CallError('BAD_CREDENTIALS', `expected an address like https://… without credentials in ${place}`)
  }
  return address
}

async function wordIn(file: string): Promise<string> {
  let text: string
  try {
    text = (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new CallError('BAD_CREDENTIALS', `${file} cannot be read: ${errorText(error)}`, { cause: error })
  }
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new CallError('BAD_CREDENTIALS', `expected one word in ${file}`)
}
