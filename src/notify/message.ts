// What is sent to whom: one request for each kind of receiver. Pure.
import { sha256, stableText } from '../base/hash.ts'
import type { Call } from '../outward/call.ts'
import type { AppEvent } from '../report/event.ts'
import type { NotificationSettings } from '../settings.ts'
import { type Escape, fillTemplate, usualWords } from './template.ts'

export interface Receiver {
  readonly type: NotificationSettings['type']
  readonly template: string | undefined
  readonly url: URL
  /** Bearer token; undefined: none. */
  readonly token: string | undefined
}

/** `link` is where the application is shown; '': nowhere. */
export function messageCall(receiver: Receiver, event: AppEvent, link: string): Call {
  const { type, template, token } = receiver
  const escaped = escapes[type]
  const text = template === undefined ? usualWords(event, link, escaped) : fillTemplate(template, event, link, escaped)
  const { method, url, body } = requests[type](receiver.url, event, text, link)
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  return { method, url, headers, body: JSON.stringify(body) }
}

const plain: Escape = (text) => text

const escapes: { readonly [T in Receiver['type']]: Escape } = {
  webhook: plain,
  // Slack's own rule: these three, and nothing else. Those who speak its language also call everybody by an @.
  slack: (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replace(/@(?=(?:all|channel|everyone|here)\b)/gi, '@\u200b'),
  // Plain text: nothing in it is markup.
  matrix: plain,
}

type Request = (
  url: URL,
  event: AppEvent,
  text: string,
  link: string,
) => Pick<Call, 'method' | 'url'> & { body: unknown }

const requests: { readonly [T in Receiver['type']]: Request } = {
  webhook: (url, event, text, link) => ({
    ...{ method: 'POST', url },
    body: { ...event, at: new Date(event.at).toISOString(), text, ...(link === '' ? {} : { url: link }) },
  }),
  slack: (url, _event, text) => ({ method: 'POST', url, body: { text } }),
  matrix: (url, event, text) => ({
    ...{ method: 'PUT', url: roomEvent(url, event) },
    // Who is meant stands there, and not in the text.
    body: { msgtype: 'm.text', body: text, 'm.mentions': {} },
  }),
}

/** The same event has the same transaction, so that a server that has it already does not show it twice. */
function roomEvent(room: URL, event: AppEvent): URL {
  const url = new URL(room)
  const transaction = `berth-${sha256(stableText(event)).slice(0, 32)}`
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/send/m.room.message/${transaction}`
  return url
}
