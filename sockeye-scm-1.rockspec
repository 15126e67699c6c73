rockspec_format = "3.0"
package = "sockeye"
version = "scm-1"

source = {
  url = "git+https://example.org/sockeye.git",
}

description = {
  summary = "Berkeley sockets for Lua, complete and safe",
  detailed = [[
sockeye gives Lua 5.4 the Berkeley socket calls, all of them, with the names of
the manual pages: every family and option, control data, name resolution,
interfaces.  Failures are values, misuse is an error, nothing is truncated and
no descriptor leaks.  No dependency beyond the C library.
]],
  labels = { "network", "socket", "tcp", "udp", "unix" },
  license = "MIT",
}

supported_platforms = { "unix" }

dependencies = {
  "lua >= 5.4, < 5.6",
}

build = {
  type = "builtin",
  modules = {
    ["sockeye.core"] = {
      sources = {
        "csrc/address.c",
        "csrc/addressfield.c",
        "csrc/addressroom.c",
        "csrc/addresstable.c",
        "csrc/addresstext.c",
        "csrc/argument.c",
        "csrc/attach.c",
        "csrc/connection.c",
        "csrc/constant.c",
        "csrc/control.c",
        "csrc/core.c",
        "csrc/error.c",
        "csrc/field.c",
        "csrc/hook.c",
        "csrc/inbox.c",
        "csrc/interface.c",
        "csrc/loop.c",
        "csrc/message.c",
        "csrc/option.c",
        "csrc/optiongroup.c",
        "csrc/optionlist.c",
        "csrc/optionraw.c",
        "csrc/optiontable.c",
        "csrc/optiontcpinfo.c",
        "csrc/optionvalue.c",
        "csrc/outgoing.c",
        "csrc/poll.c",
        "csrc/poller.c",
        "csrc/receive.c",
        "csrc/record.c",
        "csrc/resolve.c",
        "csrc/sendfile.c",
        "csrc/sending.c",
        "csrc/service.c",
        "csrc/sigpipe.c",
        "csrc/socket.c",
        "csrc/task.c",
        "csrc/timer.c",
        "csrc/transfer.c",
        "csrc/wait.c",
        "csrc/worker.c",
      },
      incdirs = { "csrc" },
      defines = { "_GNU_SOURCE" },
      libraries = { "pthread" },
    },
  },
}

test = {
  type = "command",
  command = "make test",
}
