// The packages that our scripts drive. They lie where a script is started, not beside it: see tests/support/node.py.

import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

const installed = createRequire(pathToFileURL(`${process.cwd()}/`))

export const load = (name) => import(pathToFileURL(installed.resolve(name)))
