import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { slack } from '../../relay/notifiers/slack.ts'
import { alertOf } from '../helpers/alerts.ts'
import { attemptOf, dependencies, reach } from '../helpers/notifiers.ts'
import { createSlackApi } from '../helpers/slack-api.ts'

const attempt = attemptOf('k')

describe('slack', () => {
  test('posts text that Slack takes for text, and a link behind it', async (t) => {
    const { notifier, service } = await reach(t, 'slack', { options: { click: 'https://wiki.example/?a=1&b=2' } })
    const api = createSlackApi()
    service.respond = api.respond
    const user = '<!channel> & <https://evil.example|root>'
    assert.deepEqual(await notifier.send(alertOf({ user }), attempt), { kind: 'delivered', receipt: 'ok' })
    assert.deepEqual(api.taken, [
      {
        text:
          '&lt;!channel&gt; &amp; &lt;https:\u200b//evil.\u200bexample|root&gt; logged in to web-1 (sshd) from 192.0.2.7' +
          ' <https://wiki.example/?a=1&amp;b=2|Open>',
        mrkdwn: false,
        unfurl_links: false,
        unfurl_media: false,
      },
    ])
  })

  test('only ok is ok; what is wrong is told in its words', async (t) => {
    const { notifier, service } = await reach(t, 'slack')
    for (const body of ['', 'okay', '{"ok":true}', '<p>ok</p>']) {
      service.respond = (_, response) => response.writeHead(200).end(body)
      assert.equal((await notifier.send(alertOf(), attempt)).kind, 'retry', body)
    }
    service.respond = (_, response) => response.writeHead(410).end('channel_is_archived')
    assert.deepEqual(await notifier.send(alertOf(), attempt), {
      kind: 'retry',
      reason: 'HTTP 410: channel_is_archived',
      pause: true,
    })
  })

  test('its address is a secret, and an address', () => {
    for (const url of ['', 'hooks.slack.com/services/T0', 'http://hooks.slack.com/services/T0'])
      assert.throws(() => slack.create({}, dependencies({ url })), {
        message: 'url_file must hold an https:// address',
      })
  })
})
