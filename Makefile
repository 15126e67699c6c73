# sockeye: build, demo, test, lint, install.  GNU make.
#
#   make                 the module, build/sockeye/core.so
#   make demo            sockets at work; installs what is missing
#   make test            every spec; installs what is missing
#   make install         below PREFIX (/usr/local), honours DESTDIR
#
# Lua is found by pkg-config.  By hand:
#   make LUA=/opt/lua/bin/lua LUA_INCDIR=/opt/lua/include

LUA_VERSION ?= 5.4
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
CFLAGS ?= -O2 -g
LDFLAGS ?=
CLANG ?= clang
LUAROCKS ?= luarocks

LUA ?= $(firstword $(shell command -v lua$(LUA_VERSION)) \
                   $(shell command -v lua) lua$(LUA_VERSION))
LUA_PC ?= $(shell for p in lua$(LUA_VERSION) lua-$(LUA_VERSION) \
            lua$(subst .,,$(LUA_VERSION)) lua; do \
            pkg-config --exists "$$p >= 5.4" 2>/dev/null \
              && echo $$p && break; done)
ifdef LUA_INCDIR
LUA_CFLAGS ?= -I$(LUA_INCDIR)
else
LUA_CFLAGS ?= $(if $(LUA_PC),$(shell pkg-config --cflags $(LUA_PC)))
endif

LUADIR ?= $(PREFIX)/share/lua/$(LUA_VERSION)
CLUADIR ?= $(PREFIX)/lib/lua/$(LUA_VERSION)

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
NEEDED = -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread \
         -Icsrc $(LUA_CFLAGS)
ALL_CFLAGS = $(NEEDED) $(WARN) $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = -shared -pthread $(LDFLAGS)

SOURCES := $(sort $(wildcard csrc/*.c))
HEADERS := $(sort $(wildcard csrc/*.h))
LUA_FILES = $(sort $(wildcard lua/sockeye/*.lua))

MODULE = build/sockeye/core.so
FAULT = build/fault/sockeye/core.so
NATIVE = build/spec/support/native.so
ASAN = build/asan/sockeye/core.so
ASAN_FAULT = build/asan/fault/sockeye/core.so

# Without recovery: the first undefined behaviour ends the run.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all \
           -fno-omit-frame-pointer

all: $(MODULE)

# One build for each purpose: $(1) its objects, $(2) its module, $(3) more
# flags, $(4) more sources.
define variant
$(2): $$(patsubst %.c,$(1)/%.o,$$(SOURCES) $(4))
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) $(3) -o $$@.new $$^ $$(LDLIBS)
	@mv $$@.new $$@

$(1)/%.o: %.c | headers
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $(3) -MMD -MP -c -o $$@ $$<

-include $$(patsubst %.c,$(1)/%.d,$$(SOURCES) $(4))
endef

FAULT_SOURCE = spec/support/fault.c
$(eval $(call variant,build/obj,$(MODULE)))
$(eval $(call variant,build/obj-fault,$(FAULT),-DSOCKEYE_FAULT,$(FAULT_SOURCE)))
$(eval $(call variant,build/obj-asan,$(ASAN),$(SANITIZE)))
$(eval $(call variant,build/obj-asan-fault,$(ASAN_FAULT),$(SANITIZE) \
  -DSOCKEYE_FAULT,$(FAULT_SOURCE)))

$(NATIVE): spec/support/native.c | headers
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -Wl,-z,nodelete -o $@ $< -lutil
-include $(NATIVE:.so=.d)

# Says what is missing instead of "lua.h: no such file".
headers:
	@echo '#include <lua.h>' | $(CC) $(ALL_CFLAGS) -E - >/dev/null 2>&1 || { \
	  echo "sockeye: no Lua headers found (lua.h, 5.4 or later)." >&2; \
	  echo "  Debian: apt-get install liblua5.4-dev pkg-config" >&2; \
	  echo "  or: make LUA_INCDIR=/directory/of/lua.h" >&2; exit 1; }

# The programs that a goal needs may be missing when this file is read, so the
# work is done by a second make, which finds them.
AGAIN = +@$(MAKE) --no-print-directory

demo:
	@.ci/need demo
	$(AGAIN) demo-run

demo-run: $(MODULE)
	@LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='build/?.so;;' \
	  $(LUA) examples/demo.lua

test:
	@.ci/need test
	$(AGAIN) test-run

test-run: $(MODULE) $(FAULT) $(NATIVE)
	@LUA='$(LUA)' .ci/specs plain poll fault

asan:
	@.ci/need asan
	$(AGAIN) asan-run

asan-run: $(ASAN) $(ASAN_FAULT) $(NATIVE)
	@LUA='$(LUA)' CC='$(CC)' .ci/specs asan asan-fault

valgrind:
	@.ci/need valgrind
	$(AGAIN) valgrind-run

valgrind-run: $(MODULE) $(NATIVE)
	@LUA='$(LUA)' .ci/specs valgrind

lint:
	@.ci/need lint
	$(AGAIN) lint-run

lint-run:
	@LUA_CFLAGS='$(LUA_CFLAGS)' FLAGS='$(NEEDED) $(WARN)' CC='$(CC)' \
	  CLANG='$(CLANG)' .ci/lint

docs:
	@.ci/need docs
	@mkdir -p build/docs
	@ldoc --quiet --testing --fatalwarnings --config config.ld --dir build/docs .
	@echo "build/docs/index.html"

install: $(MODULE)
	install -d '$(DESTDIR)$(CLUADIR)/sockeye' '$(DESTDIR)$(LUADIR)/sockeye'
	install -m 755 $(MODULE) '$(DESTDIR)$(CLUADIR)/sockeye/core.so'
	$(if $(LUA_FILES),install -m 644 $(LUA_FILES) \
	  '$(DESTDIR)$(LUADIR)/sockeye')

uninstall:
	rm -rf '$(DESTDIR)$(CLUADIR)/sockeye' '$(DESTDIR)$(LUADIR)/sockeye'

clean:
	rm -rf build

.PHONY: all headers demo demo-run test test-run asan asan-run valgrind \
  valgrind-run lint lint-run docs install uninstall clean
.DELETE_ON_ERROR:
