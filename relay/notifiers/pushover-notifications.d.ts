// What we use of pushover-notifications 1.2.3, which brings no types.
declare module 'pushover-notifications' {
  import type { IncomingMessage } from 'node:http'
  import type { Agent } from 'node:https'

  export default class Pushover {
    constructor(options: {
      user: string
      token: string
      httpOptions: { agent: Agent }
    })
    errors: (body: unknown, response: unknown) => void
    send(
      message: Record<string, string>,
      callback: (error: Error | null | undefined, body?: unknown, response?: IncomingMessage) => void,
    ): void
  }
}
