import { reviewAddress, reviewVariable } from './config-delivery.ts'
import { found, quoted } from './found.ts'
import { dnsLabelFault } from './names.ts'
import { type Review, reportFault } from './review.ts'
import { templateWords, unknownWords } from './template-words.ts'
import type { EngineNotification, EngineServer } from './types.ts'

export interface WebhooksConfig {
  /** A port of its own, which serves webhooks only; undefined: that of the status. */
  readonly listen: string | undefined
  /** File or environment variable with what senders sign with; without either, webhooks are off. */
  readonly secretFile: string | undefined
  readonly secretEnv: string | undefined
}

/** Who is told of what. Of addresses that are secret in themselves, the file or variable is named. */
export interface NotificationConfig {
  readonly name: string
  readonly type: 'webhook' | 'slack' | 'matrix'
  readonly url: string | undefined
  readonly urlFile: string | undefined
  readonly urlEnv: string | undefined
  /** Bearer token; undefined: none. */
  readonly tokenFile: string | undefined
  readonly events: readonly EngineNotification['events'][number][]
  /** None: all. */
  readonly applications: readonly string[]
  /** With `{{app}}` and the like; undefined: the usual words. */
  readonly template: string | undefined
}

const listenPattern = /^(?:[0-9a-zA-Z.-]*|\[[0-9a-fA-F:]+\]):[0-9]{1,5}$/

export function webhooksConfig({ webhooks, externalURL }: EngineServer, review: Review): WebhooksConfig | undefined {
  reviewAddress(externalURL, ['spec', 'server', 'externalURL'], review)
  if (!webhooks) return undefined
  const at = ['spec', 'server', 'webhooks']
  const { listen, secretFile, secretEnv } = webhooks
  if (listen !== undefined && !listenPattern.test(listen)) {
    review.problem([...at, 'listen'], `expected address:port, found ${found(listen)}`)
  }
  if ((secretFile === undefined) === (secretEnv === undefined)) {
    review.problem(at, 'expected secretFile or secretEnv, as senders must prove who they are')
  }
  if (secretFile !== undefined && !secretFile.startsWith('/')) {
    review.problem([...at, 'secretFile'], `expected an absolute path, found ${found(secretFile)}`)
  }
  reviewVariable(secretEnv, [...at, 'secretEnv'], review)
  return { listen, secretFile, secretEnv }
}

export function notificationsConfig(
  notifications: readonly EngineNotification[],
  review: Review,
): NotificationConfig[] {
  const names = notifications.map(({ name }) => name)
  return notifications.map((notification, index) => {
    const at = ['spec', 'notifications', index]
    const { name, type, url, urlFile, urlEnv, tokenFile, events, applications, template } = notification
    reportFault(review, [...at, 'name'], dnsLabelFault(name), found(name))
    if (names.indexOf(name) < index) {
      review.problem([...at, 'name'], `expected another name for each, found ${quoted(name)} again`)
    }
    const given = [url, urlFile, urlEnv].filter((one) => one !== undefined)
    if (given.length !== 1) review.problem(at, `expected exactly one of url, urlFile, urlEnv, found ${given.length}`)
    reviewAddress(url, [...at, 'url'], review)
    reviewVariable(urlEnv, [...at, 'urlEnv'], review)
    for (const [member, path] of Object.entries({ urlFile, tokenFile })) {
      if (path !== undefined && !path.startsWith('/')) {
        review.problem([...at, member], `expected an absolute path, found ${found(path)}`)
      }
    }
    for (const word of unknownWords(template ?? '')) {
      review.problem([...at, 'template'], `expected one of ${templateWords.join(', ')} in {{ }}, found ${found(word)}`)
    }
    return { name, type, url, urlFile, urlEnv, tokenFile, events, applications, template }
  })
}
