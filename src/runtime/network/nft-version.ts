// Which state of a ruleset it is, told without rendering it: the sum of what its members hash to, so that order does not count and a
// member that is the same object as before costs nothing.
import type { NftChain, NftRuleset, NftStore } from './nft-ruleset.ts'
import { remembered } from './remembered.ts'

type Sum = readonly [number, number]

/** 16 hexadecimal digits. `seed`: whatever else the state depends on. */
export function rulesetVersion({ chains, stores }: NftRuleset, seed: string): string {
  let [high, low] = hash(seed)
  for (const [name, chain] of chains) {
    const [a, b] = chainSum(chain, name)
    high = (high + a) >>> 0
    low = (low + b) >>> 0
  }
  for (const [name, store] of stores) {
    const [a, b] = storeSum(store, name)
    high = (high + a) >>> 0
    low = (low + b) >>> 0
  }
  return [high, low].map((half) => half.toString(16).padStart(8, '0')).join('')
}

const chainSum = remembered(({ hook, rules }: NftChain, name: string): Sum => hash([name, hook, ...rules].join('\n')))

const storeSum = remembered(({ kind, type, elements }: NftStore, name: string): Sum => {
  let [high, low] = hash(`${kind} ${name} ${type}`)
  for (const [key, value] of elements) {
    const [a, b] = hash(value === '' ? `${name} ${key}` : `${name} ${key} : ${value}`)
    high = (high + a) >>> 0
    low = (low + b) >>> 0
  }
  return [high, low]
})

/** FNV-1a from two beginnings. */
function hash(text: string): Sum {
  let [a, b] = [0x811c9dc5, 0x3c6ef372]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x01000197)
  }
  return [a >>> 0, b >>> 0]
}
