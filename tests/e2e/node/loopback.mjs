// A client's own address on loopback: where a browser comes back to, and where it is told things.

import { createServer } from "node:http"

// `came(path)` is the next request at that path: its URL, and its body as a form.
export const loopback = async () => {
  const requests = new Map()
  const waiting = new Map()
  const queue = (at, path) => at.get(path) ?? at.set(path, []).get(path)
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, address)
    let body = ""
    for await (const part of request) body += part
    const one = { url, form: new URLSearchParams(body) }
    const next = queue(waiting, url.pathname).shift()
    if (next) next(one)
    else queue(requests, url.pathname).push(one)
    response.end("thank you")
  })
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening))
  const address = `http://127.0.0.1:${server.address().port}`
  const came = async (path) =>
    queue(requests, path).shift() ?? new Promise((resolve) => queue(waiting, path).push(resolve))
  return { address, came, close: () => server.close() }
}
