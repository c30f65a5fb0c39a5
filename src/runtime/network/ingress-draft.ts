import type { CorsOptions, RouteOptions } from './table.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Options in the making: what several annotations say together is put together at the end. */
export interface Draft extends Mutable<Omit<RouteOptions, 'auth' | 'cors' | 'stickyCookie' | 'canary' | 'redirect'>> {
  auth: { type: 'basic' | undefined; secret: string; form: 'file' | 'map'; realm: string }
  cors: Mutable<CorsOptions> & { enabled: boolean }
  sticky: { enabled: boolean; name: string; maxAgeSeconds: number | undefined }
  canary: { enabled: boolean; weight: number; total: number; header: string; headerValue: string; cookie: string }
  permanent: { code: number; target: string }
  temporal: { code: number; target: string }
  rate: { requests: number; periodMs: number }
  isTls: boolean
  isHttp2: boolean
  /** Something that keeps people out cannot be done as it is written: nobody is let in. */
  closed: boolean
}

export function emptyDraft(): Draft {
  return {
    backendProtocol: 'http',
    ...{ rewriteTarget: undefined, useRegex: false, sslRedirect: true, forceRedirect: false, appRoot: undefined },
    ...{ maxBodyBytes: undefined, connectTimeoutMs: undefined, readTimeoutMs: undefined, sendTimeoutMs: undefined },
    ...{ allowSources: [], denySources: [], limitRequestsPerSecond: undefined, limitConnections: undefined },
    ...{ upstreamHost: undefined, requestHeaders: {}, responseHeaders: {} },
    auth: { type: undefined, secret: '', form: 'file', realm: 'Authentication Required' },
    cors: {
      ...{ enabled: false, origins: ['*'], credentials: true, maxAgeSeconds: 1_728_000, exposeHeaders: '' },
      methods: 'GET, PUT, POST, DELETE, PATCH, OPTIONS',
      headers:
        'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization',
    },
    sticky: { enabled: false, name: 'INGRESSCOOKIE', maxAgeSeconds: undefined },
    canary: { enabled: false, weight: 0, total: 100, header: '', headerValue: '', cookie: '' },
    permanent: { code: 301, target: '' },
    temporal: { code: 302, target: '' },
    rate: { requests: 0, periodMs: 1000 },
    ...{ isTls: false, isHttp2: false, closed: false },
  }
}
