# make            build/release/acrotate and everything beside it (SAN=address,undefined: with sanitizers; V=1: shows commands)
# make check      installs what is missing, then the tests of a few seconds; the other tests: tests/tests.mk
# make install    DESTDIR= PREFIX= SYSCONF=      make uninstall      make deb rpm image   packages      make format   clang-format

comma   := ,
PREFIX  ?= /usr/local
SYSCONF ?= /etc
CC      ?= cc
VERSION := $(file <VERSION)
B       := build/$(if $(SAN),$(subst $(comma),-,$(SAN)),release)
Q       := $(if $(V),,@)
SAY      = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2))

# pkg-config knows no inih on some systems under that name; every other library has a .pc file everywhere.
PKGS      := libcurl libcjson libcrypto inih yaml-0.1
# Without libsecret there is no acrotate-keyring, and everything else.
LIBSECRET ?= $(shell pkg-config --exists libsecret-1 && echo yes)
LIBS      := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
ifeq ($(LIBSECRET),yes)
SECRET_CFLAGS := $(shell pkg-config --cflags libsecret-1)
SECRET_LIBS   := $(shell pkg-config --libs libsecret-1)
endif
LIBS      += -lacl -lattr -lpthread -lm

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
           -Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wcast-qual -Wvla \
           -Wformat=2 -Wundef -Wimplicit-fallthrough -Werror=implicit $(if $(WERROR),-Werror)
try      = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))
ifdef SAN
CFLAGS  ?= -O1 -g
MODE    := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN  :=
else
CFLAGS  ?= -O2 -g
MODE    := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
HARDEN  := -fstack-protector-strong -fPIE $(call try,-fstack-clash-protection) \
           $(call try,-fcf-protection) $(call try,-ftrivial-auto-var-init=zero) \
           $(call try,-fzero-call-used-regs=used-gpr)
LHARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack
# Half a megabyte of relocations less to read, where the linker and the C library know how (binutils 2.38, glibc 2.36).
RELR    := -Wl,-z,pack-relative-relocs
LHARDEN += $(shell echo 'int main(void) { return 0; }' | $(CC) -Wl,--fatal-warnings $(RELR) -x c -o /dev/null - 2>/dev/null && echo $(RELR))
endif

CPPFLAGS_OWN := -Iinclude -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DSYSCONF='"$(SYSCONF)"' $(PKG_CFLAGS)
CFLAGS_OWN   := -std=c17 $(WARN) $(HARDEN) $(MODE) -pthread -ffile-prefix-map=$(CURDIR)=. -MMD -MP
COMPILE = $(CC) $(CPPFLAGS_OWN) $(CPPFLAGS) $(CFLAGS_OWN) $(CFLAGS)
# --as-needed keeps libcurl out of the front program: nothing of it refers to it.
LINK    = $(CC) $(CFLAGS) $(MODE) -pthread $(LHARDEN) -Wl,--as-needed $(LDFLAGS)

# The library is all layers; the programs are what stands directly in src/, the emulator and the keyring.
SRC   := $(filter-out src/emulator/% src/keyring/%,$(sort $(wildcard src/*/*.c)))
EMU   := $(sort $(wildcard src/emulator/*.c))
KEYRING := $(if $(filter yes,$(LIBSECRET)),$(sort $(wildcard src/keyring/*.c)))
MAINS := $(sort $(wildcard src/*.c))
OBJ   := $(SRC:%.c=$B/%.o)
ALL_OBJ := $(OBJ) $(EMU:%.c=$B/%.o) $(KEYRING:%.c=$B/%.o) $(MAINS:%.c=$B/%.o)
PROGRAMS := $B/acrotate $B/acrotate-net $(if $(KEYRING),$B/acrotate-keyring) $B/acrotate-emulator

all: $(PROGRAMS)

# Small: configuration, state and file-like sinks. It replaces itself by acrotate-net when anything needs the network. Loading libcrypto
# for its SHA-256 would be half of its time: it has that of the static library, where there is one.
LIBCRYPTO_A := $(wildcard $(shell $(CC) -print-file-name=libcrypto.a))
$B/acrotate: $B/src/front.o $B/lib.a
	$(call SAY,LD,$@)
	$Q$(LINK) -o $@ $^ $(LIBCRYPTO_A) $(LIBS)
	$Q! { readelf -d $@ | grep -E 'lib(curl|ssl|yaml)' || nm $@ 2>/dev/null | grep -E ' T (signer|EVP)_'; } || \
	  { echo '$@: something of it needs the network: see src/front.c' >&2; exit 1; }
$B/acrotate-net: $B/src/main.o $B/lib.a
	$(call SAY,LD,$@)
	$Q$(LINK) -o $@ $^ $(LIBS)
$B/acrotate-keyring: $(KEYRING:%.c=$B/%.o) $B/lib.a
	$(call SAY,LD,$@)
	$Q$(LINK) -o $@ $^ $(LIBCRYPTO_A) $(LIBS) $(SECRET_LIBS)
$B/acrotate-emulator: $(EMU:%.c=$B/%.o) $B/lib.a
	$(call SAY,LD,$@)
	$Q$(LINK) -o $@ $^ $(LIBS) -lmicrohttpd $(shell pkg-config --libs gnutls libssl)
$B/lib.a: $(OBJ)
	$Qrm -f $@ && $(AR) rcsD $@ $^
$(KEYRING:%.c=$B/%.o): CPPFLAGS_OWN += $(SECRET_CFLAGS)
# Said at once, and what to do about it: a compiler would say it for each file.
libraries:
	@pkg-config --exists $(PKGS) 2>/dev/null || { packaging/install-deps --missing build; exit 1; }
$B/%.o: %.c Makefile VERSION | libraries
	$(call SAY,CC,$<)
	$Qmkdir -p $(@D) && $(COMPILE) -Itests -c -o $@ $<

# What is tested, and how: check and everything behind it.
include tests/tests.mk

format:
	clang-format -i $(shell git ls-files -co --exclude-standard '*.c' '*.h')

compile_commands.json: Makefile
	$(file >$@,[$(foreach s,$(SRC) $(EMU) $(MAINS),{"directory":"$(CURDIR)","file":"$s","command":"$(subst ",\",$(COMPILE)) $(SECRET_CFLAGS) -c $s"}$(comma)){}])
	@sed -i 's/,{}\]$$/]/' $@

# The small program goes on the PATH, the whole one where the small one looks for it. Units and cron.d name the program by its path.
SYSTEM_UNITS ?= $(PREFIX)/lib/systemd/system
USER_UNITS   ?= $(PREFIX)/lib/systemd/user
DOC   := share/doc/acrotate
MAN   := $(wildcard packaging/man/*.[1-9])
UNITS := acrotate.service acrotate.timer acrotate-failed@.service
PROMETHEUS := acrotate.rules.yml acrotate.rules.test.yml acrotate-dashboard.json
# With its directories, to be copied and edited.
KUBERNETES := $(patsubst packaging/%,%,$(sort $(wildcard $(addprefix packaging/kubernetes/,*.yaml base/*.yaml base/jobs.d/* overlays/*/*))))
# Where zsh looks in packages of Debian: share/zsh/vendor-completions.
ZSH   ?= share/zsh/site-functions
FISH  := share/fish/vendor_completions.d
# Other names of the small program: docker looks for the one in PATH, a kubelet for the other where it is told to.
HELPER := bin/docker-credential-acrotate
PLUGIN := lib/kubernetes/credential-providers/acrotate-credential-provider
INSTALLED = bin/acrotate $(HELPER) $(PLUGIN) bin/acrotate-emulator libexec/acrotate/acrotate-net $(if $(KEYRING),libexec/acrotate/acrotate-keyring) \
            libexec/acrotate/acrotate-failed share/bash-completion/completions/acrotate $(ZSH)/_acrotate $(FISH)/acrotate.fish \
            share/acrotate/acrotate-role.json share/acrotate/acrotate-polls-role.json share/acrotate/acrotate.schema.json $(PROMETHEUS:%=share/acrotate/%) \
            $(KUBERNETES:%=share/acrotate/%) $(foreach m,$(MAN),share/man/man$(subst .,,$(suffix $m))/$(notdir $m)) \
            $(patsubst %,$(DOC)/%,README.md SECURITY.md acrotate.conf.sample example.conf.sample cloud-init.yaml failed-mail.conf failed-webhook.conf)
INSTALLED_ALL = $(INSTALLED:%=$(PREFIX)/%) $(UNITS:%=$(SYSTEM_UNITS)/%) $(UNITS:%=$(USER_UNITS)/%)
SET_PREFIX = sed 's|/usr/bin/acrotate|$(PREFIX)/bin/acrotate|g; s|/usr/libexec/|$(PREFIX)/libexec/|g; s|/usr/share/doc/|$(PREFIX)/share/doc/|g'
install: all
	install -d -m 0755 $(sort $(dir $(INSTALLED_ALL:%=$(DESTDIR)%)))
	install -m 0755 $B/acrotate $B/acrotate-emulator $(DESTDIR)$(PREFIX)/bin
	ln -sf acrotate $(DESTDIR)$(PREFIX)/$(HELPER)
	ln -sf ../../../bin/acrotate $(DESTDIR)$(PREFIX)/$(PLUGIN)
	install -m 0755 $B/acrotate-net $(if $(KEYRING),$B/acrotate-keyring) $(DESTDIR)$(PREFIX)/libexec/acrotate
	install -m 0644 packaging/completion/acrotate $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 0644 packaging/completion/_acrotate $(DESTDIR)$(PREFIX)/$(ZSH)
	install -m 0644 packaging/completion/acrotate.fish $(DESTDIR)$(PREFIX)/$(FISH)
	install -m 0755 packaging/systemd/acrotate-failed $(DESTDIR)$(PREFIX)/libexec/acrotate
	install -m 0644 packaging/azure/acrotate-role.json packaging/azure/acrotate-polls-role.json packaging/schema/acrotate.schema.json $(PROMETHEUS:%=packaging/prometheus/%) $(DESTDIR)$(PREFIX)/share/acrotate
	for f in $(KUBERNETES); do install -m 0644 packaging/$$f $(DESTDIR)$(PREFIX)/share/acrotate/$$f || exit; done
	for m in $(MAN); do install -m 0644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.} || exit; done
	install -m 0644 README.md SECURITY.md etc/acrotate.conf.sample etc/jobs.d/example.conf.sample packaging/systemd/failed-*.conf $(DESTDIR)$(PREFIX)/$(DOC)
	$(SET_PREFIX) packaging/cloud-init/acrotate.yaml >$(DESTDIR)$(PREFIX)/$(DOC)/cloud-init.yaml
	for u in $(UNITS); do $(SET_PREFIX) packaging/systemd/$$u >$(DESTDIR)$(SYSTEM_UNITS)/$$u && \
	  $(SET_PREFIX) packaging/systemd/user/$$u >$(DESTDIR)$(USER_UNITS)/$$u || exit; done
	cd $(DESTDIR)/ && chmod 0644 $(patsubst /%,%,$(PREFIX)/$(DOC)/cloud-init.yaml $(UNITS:%=$(SYSTEM_UNITS)/%) $(UNITS:%=$(USER_UNITS)/%))
	install -d -m 0755 $(DESTDIR)$(SYSCONF)/acrotate/jobs.d
	packaging/settings put $(DESTDIR)$(SYSCONF) $(PREFIX)
# What somebody has changed is not overwritten, and what is still as it was installed is removed; jobs and state stay.
uninstall:
	rm -f $(INSTALLED_ALL:%=$(DESTDIR)%)
	-find $(DESTDIR)$(PREFIX)/share/acrotate/kubernetes -depth -type d -empty -delete
	-rmdir $(patsubst %,$(DESTDIR)$(PREFIX)/%,libexec/acrotate $(DOC) share/acrotate $(patsubst %/,%,$(dir $(PLUGIN))) lib/kubernetes)
	packaging/settings remove $(DESTDIR)$(SYSCONF) $(PREFIX)

# Both from the work tree as it is, also without git; what comes out is in build/deb and build/rpm.
deb rpm:
	@packaging/install-deps build package
	@sh packaging/pack $@

# OCI archives with a list of what is in them, in build/image: of this machine's architecture, or image-amd64, image-arm64.
image: image-$(shell dpkg --print-architecture 2>/dev/null)
image-%: $B/acrotate $B/acrotate-net
	@packaging/install-deps build image
	@packaging/image/build $* $B

dist:
	git archive --format=tar --prefix=acrotate-$(VERSION)/ HEAD | gzip -9n >acrotate-$(VERSION).tar.gz
clean:
	rm -rf build compile_commands.json

.PHONY: all format libraries install uninstall deb rpm image dist clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(ALL_OBJ:.o=.d)
