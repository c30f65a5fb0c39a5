import {
  compareQuantities,
  parseQuantity,
  renderQuantity,
  sumQuantities,
  thousandths,
  wholeUnits,
} from '../../src/manifests/quantity.ts'
import { refusal } from './refusal.ts'

export const quantities = {
  parse: ({ text }: { text: string }) => {
    const quantity = parseQuantity(text)
    if (!quantity) return refusal
    const milli = thousandths(quantity)
    const { format } = quantity
    const parsed = { canonical: renderQuantity(quantity), format, value: String(wholeUnits(quantity)) }
    return milli === undefined ? parsed : { ...parsed, milliValue: String(milli) }
  },
  compare: ({ a, b }: { a: string; b: string }) => ({ cmp: compareQuantities(read(a), read(b)) }),
  sum: ({ items }: { items: string[] }) => {
    const sum = sumQuantities(items.map(read))
    return { canonical: renderQuantity(sum), milliValue: String(thousandths(sum)) }
  },
}

function read(text: string) {
  const quantity = parseQuantity(text)
  if (!quantity) throw new TypeError(`${text} is no quantity`)
  return quantity
}
