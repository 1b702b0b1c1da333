// Services whose address is the key to them: it comes from a file, as secrets do.
import type { Dependencies } from './notifier.ts'

/** @throws Error for the operator, without the address */
export function secretAddress({ secrets }: Dependencies): string {
  const address = secrets.url?.reveal() ?? ''
  if (!URL.canParse(address) || new URL(address).protocol !== 'https:')
    throw new Error('url_file must hold an https:// address')
  return address
}
