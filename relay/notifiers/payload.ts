// What a program is told of an alert: the event, its meaning, and the words for people.
import type { Alert } from '../model/alert.ts'

/** The same bytes at every attempt. */
export function payload(alert: Alert): string {
  const { record, meaning, title, text, count, priority, group, chain } = alert
  return JSON.stringify({
    type: record === null ? 'pam-alert.notice' : `pam.${record.type}`,
    timestamp: alert.time,
    data: { ...record, ...meaning, title, text, count, priority, group, chain },
  })
}
