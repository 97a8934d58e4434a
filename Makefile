# make            build/release/acrotate and everything beside it
# make check      installs what is missing, then unit, flow, fault and corpus tests      make SAN=address,undefined check
# make demo       installs what is missing, then a real rotation against the emulator
# make check-e2e  the real binaries, the emulator, real clients      make check-az  the real az against the emulator
# make check-kube  a real kube-apiserver    make check-identity  every method of authentication, with its failures, and a proxy in a network of its own
# make coverage   error branches of rotate/, sink/, store/, base/fs* that no test executes: none, or it fails
# make proof      the rule's contracts and the parsers', for all inputs, by Frama-C, Z3 and CVC4 (proof-mutants: does it see faults?)
# make mutants    does each test see the fault it is there for?      (tests/mutants/faults.list)
# make model      every order of everything that can happen, under the real rule, further out than in check
# make prove      kill -9 and errors anywhere, the network, others at work: one table (prove-quick: a sample)
# make fuzz       libFuzzer, needs clang (FUZZ_TIME=60)              make lint      layers, headers, symbols, clang-tidy
# make bench      side by side with peers (BENCH=full, BENCH=growth)   make install  DESTDIR= PREFIX=     make deb rpm  packages     make V=1  show commands

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
	$Q! readelf -d $@ | grep -E 'lib(curl|ssl|yaml)' || { echo '$@: something of it needs the network: see src/front.c' >&2; exit 1; }
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

# ---- tests -------------------------------------------------------------------------------------------------------------------
UNIT  := $(patsubst tests/unit/%.c,$B/t/%,$(sort $(wildcard tests/unit/*.c)))
FLOW  := $(patsubst tests/flow/%.c,$B/t/flow-%,$(sort $(wildcard tests/flow/test_*.c)))
FLOW_OBJ := $(patsubst %.c,$B/%.o,$(filter-out tests/flow/test_%,$(sort $(wildcard tests/flow/*.c))))
FAULT := $(patsubst tests/fault/%.c,$B/t/fault-%,$(filter-out $(if $(filter yes,$(LIBSECRET)),,%/fault_libsecret.c),$(sort $(wildcard tests/fault/*.c))))
FUZZ  := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FAKES := $(patsubst %.c,$B/%.o,$(sort $(wildcard tests/fakes/*.c)))
# The emulator's own modules, for tests of them.
TEST_OBJ := $(FAKES) $(patsubst %.c,$B/%.o,$(filter-out src/emulator/main.c,$(EMU))) $B/lib.a
TEST_LIBS = $(LIBS) -lcmocka -lmicrohttpd $(shell pkg-config --libs gnutls libssl)

$B/t/%: $B/tests/unit/%.o $(TEST_OBJ) ; $Qmkdir -p $(@D) && $(LINK) -o $@ $^ $(TEST_LIBS)
$B/t/flow-%: $B/tests/flow/%.o $(FLOW_OBJ) $(TEST_OBJ) ; $Qmkdir -p $(@D) && $(LINK) $(FLOW_WRAP) -o $@ $(filter %.o %.a,$^) $(TEST_LIBS)
$B/t/flow-test_stop_anywhere: FLOW_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,write fsync renameat renameat2 unlinkat linkat)
$B/t/flow-test_errors_anywhere: FLOW_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,$(file <tests/fault/WRAP))
$B/t/flow-test_errors_anywhere: tests/fault/WRAP
$B/t/fault-fault_fs $B/t/fault-fault_fs_places: FAULT_WRAP := $(file <tests/fault/WRAP.fs)
$B/t/fault-fault_libsecret: FAULT_WRAP := $(file <tests/fault/WRAP.libsecret)
$B/t/fault-fault_libsecret: TEST_LIBS += $(SECRET_LIBS)
$B/t/fault-fault_libsecret: $B/src/keyring/libsecret.o
$B/tests/fault/fault_libsecret.o: CPPFLAGS_OWN += $(SECRET_CFLAGS)
$B/t/fault-%: $B/tests/fault/%.o $(TEST_OBJ) $(wildcard tests/fault/WRAP*)
	$Qmkdir -p $(@D) && $(LINK) $(patsubst %,-Wl$(comma)--wrap=%,$(file <tests/fault/WRAP) $(FAULT_WRAP)) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS)
$B/t/fuzz-%: $B/tests/fuzz/fuzz_%.o $B/tests/fuzz/replay.o $(TEST_OBJ)
	$Qmkdir -p $(@D) && $(LINK) -o $@ $^ $(TEST_LIBS)

# What the rules for readers of a config.json say, for tests/e2e/readers.t.
$B/readers-ask: $B/tests/readers/ask.o $B/lib.a ; $Qmkdir -p $(@D) && $(LINK) -o $@ $^ $(LIBS)

# The sanitizers' allocators give up where malloc answers NULL, which some tests want to see.
export ASAN_OPTIONS ?= allocator_may_return_null=1
export TSAN_OPTIONS ?= allocator_may_return_null=1

# A directory of files of the JMESPath compliance suite: make jmespath-suite SUITE=DIR
SUITE ?= tests/jmespath
$B/t/jmespath-suite: $B/tests/jmespath/suite.o $B/lib.a ; $Qmkdir -p $(@D) && $(LINK) -o $@ $^ $(LIBS)
jmespath-suite: $B/t/jmespath-suite
	@$< '$(SUITE)'
$B/ok/jmespath-suite: $B/t/jmespath-suite $(wildcard tests/jmespath/*.json)
	@mkdir -p $(@D); $< tests/jmespath >$@.log 2>&1 || { cat $@.log; exit 1; }; touch $@

# One stamp per test program, so that `make -j` runs them in parallel and a red one is run again.
RUN := $(patsubst $B/t/%,$B/ok/%,$(UNIT) $(FLOW) $(FAULT)) $(FUZZ:%=$B/ok/fuzz-%) $B/ok/jmespath-suite
check: deps
	$Q$(MAKE) --no-print-directory -j$(shell nproc) all check-built
check-built: $(RUN)
	@cat $(RUN:=.log) | sh tests/summary.sh $(words $(RUN))
$B/ok/fuzz-%: $B/t/fuzz-% FORCE_CORPUS
	@mkdir -p $(@D); $< $(sort $(wildcard tests/fuzz/corpus/$*/*)) >$@.log 2>&1 || { cat $@.log; rm -f $@; exit 1; }; touch $@
$B/ok/%: $B/t/%
	@mkdir -p $(@D); timeout 300 $(TEST_WRAPPER) $< >$@.log 2>&1 || { cat $@.log; exit 1; }; touch $@
FORCE_CORPUS:

deps:
	@packaging/install-deps build
check-e2e: all $(if $(KEYRING),$B/secret-service)
	@packaging/install-deps e2e
	@prove --timer --comments -j$(shell nproc) $(filter-out tests/e2e/az%,$(sort $(wildcard tests/e2e/*.t)))
# The guarantee: killed anywhere, everything broken, others at work. prove-quick takes a sample of each.
prove prove-quick: all $B/stop-at
	@packaging/install-deps e2e
	@BUILD=$(abspath $B) perl tests/prove/all.pl $(if $(filter prove,$@),whole,quick) $B/$@.logs
proof:
	@packaging/install-deps proof
	@tests/proof/run.sh
# The model of the rule, further out than in `check`: a minute, and half a gigabyte.
model: all $B/t/flow-test_model
	MODEL=full $B/t/flow-test_model
# Faults put into copies of the tree, one by one: each must turn the test red that is named for it.
mutants: $(OBJ)
	@perl tests/mutants/run.pl $(FAULTS)
proof-mutants: $(OBJ)
	@packaging/install-deps proof
	@MUTANTS_LIST=tests/proof/mutants.list perl tests/mutants/run.pl $(FAULTS)
$B/secret-service: tests/e2e/secret_service.c
	$Qmkdir -p $(@D) && $(CC) $(CFLAGS) -std=gnu17 $(WARN) -o $@ $< $(shell pkg-config --cflags --libs gio-2.0)
$B/stop-at: tests/prove/stop_at.c
	$Qmkdir -p $(@D) && $(CC) $(CFLAGS) -std=gnu17 $(WARN) -o $@ $<
# The tests of Kubernetes against a real kube-apiserver, which is built once, into a cache outside the tree.
check-kube: all
	@packaging/install-deps e2e kube
	@tests/kube/build >/dev/null
	@KUBE=real prove --timer --comments $(sort $(wildcard tests/e2e/kube_*.t))
check-identity: all
	@packaging/install-deps e2e
	@prove -v --timer tests/e2e/identity.t
check-az: all
	@packaging/install-deps e2e az
	@prove -v --timer tests/e2e/az*.t
demo:
	@packaging/install-deps build demo
	@$(MAKE) --no-print-directory -j$(shell nproc) all
	@sh tests/e2e/demo.sh

bench: all $B/bench/measure $B/bench/bare $B/bench/delay
	@packaging/install-deps e2e
	@BUILD=$(abspath $B) BENCH=$(BENCH) sh tests/bench/run.sh
$B/bench/%: tests/bench/%.c
	$Qmkdir -p $(@D) && $(CC) $(CFLAGS) -Wall -Wextra -pthread -o $@ $< $(shell pkg-config --libs libcurl)

FUZZ_TIME ?= 60
FUZZ_FLAGS := -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_OBJ := $(patsubst %.c,build/fuzz/o/%.o,$(SRC) $(filter-out src/emulator/main.c,$(EMU)) $(wildcard tests/fakes/*.c))
fuzz: $(FUZZ:%=fuzz-%)
fuzz-built: $(FUZZ:%=build/fuzz/%)
# Static: as an implicit rule without prerequisites it would also match $B/ok/fuzz-NAME, and win.
$(FUZZ:%=fuzz-%): fuzz-%:
	@$(MAKE) --no-print-directory -j$(shell nproc) build/fuzz/$*
	@mkdir -p build/fuzz/new-$*
	build/fuzz/$* -max_total_time=$(FUZZ_TIME) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
	  build/fuzz/new-$* $(wildcard tests/fuzz/corpus/$*)
build/fuzz/o/%.o: %.c
	@mkdir -p $(@D) && clang $(FUZZ_FLAGS) $(CPPFLAGS_OWN) $(SECRET_CFLAGS) -Itests -std=c17 -MMD -MP -c -o $@ $<
build/fuzz/lib.a: $(FUZZ_OBJ)
	@rm -f $@ && $(AR) rcs $@ $^
build/fuzz/%: tests/fuzz/fuzz_%.c build/fuzz/lib.a
	@clang $(FUZZ_FLAGS) $(CPPFLAGS_OWN) -Itests -std=c17 -o $@ $^ $(TEST_LIBS)

# Which error branches no test executes, of the code that must survive every error: rotate/, sink/, store/, base/fs*. A build of its own, whose
# counters are shared memory: what a process has counted stays, however it ends. Each program makes its file once before anybody
# who is not root has to write it. COVERAGE=all lists more.
COVER     := build/coverage
COVERED   := src/rotate/ src/sink/ src/store/ src/base/fs
COVER_E2E := status takeover hooks helper metrics keyring
coverage:
	@packaging/install-deps build ci e2e
	@rm -rf $(COVER)/profiles $(COVER)/ok && mkdir -p $(COVER)/profiles && chmod 0777 $(COVER)/profiles
	@ERRORS=full $(MAKE) --no-print-directory -k -j$(shell nproc) B=$(COVER) CC=clang CFLAGS='-O1 -g -Qunused-arguments -fcoverage-mapping \
	  -fprofile-instr-generate=$(CURDIR)/$(COVER)/profiles/%m%c.profraw -mllvm -runtime-counter-relocation' all check-built
	@umask 0; for p in $(notdir $(PROGRAMS)); do $(COVER)/$$p --version >/dev/null || exit; done
	@BUILD=$(CURDIR)/$(COVER) prove --timer --comments -j$(shell nproc) $(COVER_E2E:%=tests/e2e/%.t)
	@perl tests/coverage/report.pl $(COVER) $(COVERED)

lint: export LINT_COMPILE = $(COMPILE)
lint: export LINT_BUILD = $B
lint: all $(ALL_OBJ)
	@sh tests/lint/run.sh $(ALL_OBJ)

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

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
# Where zsh looks in packages of Debian: share/zsh/vendor-completions.
ZSH   ?= share/zsh/site-functions
FISH  := share/fish/vendor_completions.d
INSTALLED = bin/acrotate bin/acrotate-emulator libexec/acrotate/acrotate-net $(if $(KEYRING),libexec/acrotate/acrotate-keyring) $(if $(KEYRING),libexec/acrotate/acrotate-keyring) \
            libexec/acrotate/acrotate-failed share/bash-completion/completions/acrotate $(ZSH)/_acrotate $(FISH)/acrotate.fish \
            share/acrotate/acrotate-role.json share/acrotate/acrotate-polls-role.json share/acrotate/acrotate.schema.json $(PROMETHEUS:%=share/acrotate/%) \
            $(foreach m,$(MAN),share/man/man$(subst .,,$(suffix $m))/$(notdir $m)) \
            $(patsubst %,$(DOC)/%,README.md SECURITY.md acrotate.conf.sample example.conf.sample cloud-init.yaml failed-mail.conf failed-webhook.conf)
INSTALLED_ALL = $(INSTALLED:%=$(PREFIX)/%) $(UNITS:%=$(SYSTEM_UNITS)/%) $(UNITS:%=$(USER_UNITS)/%)
SET_PREFIX = sed 's|/usr/bin/acrotate|$(PREFIX)/bin/acrotate|g; s|/usr/libexec/|$(PREFIX)/libexec/|g; s|/usr/share/doc/|$(PREFIX)/share/doc/|g'
install: all
	install -d -m 0755 $(sort $(dir $(INSTALLED_ALL:%=$(DESTDIR)%)))
	install -m 0755 $B/acrotate $B/acrotate-emulator $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $B/acrotate-net $(if $(KEYRING),$B/acrotate-keyring) $(DESTDIR)$(PREFIX)/libexec/acrotate
	install -m 0644 packaging/completion/acrotate $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 0644 packaging/completion/_acrotate $(DESTDIR)$(PREFIX)/$(ZSH)
	install -m 0644 packaging/completion/acrotate.fish $(DESTDIR)$(PREFIX)/$(FISH)
	install -m 0755 packaging/systemd/acrotate-failed $(DESTDIR)$(PREFIX)/libexec/acrotate
	install -m 0644 packaging/azure/acrotate-role.json packaging/azure/acrotate-polls-role.json packaging/schema/acrotate.schema.json $(PROMETHEUS:%=packaging/prometheus/%) $(DESTDIR)$(PREFIX)/share/acrotate
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
	-rmdir $(patsubst %,$(DESTDIR)$(PREFIX)/%,libexec/acrotate $(DOC) share/acrotate)
	packaging/settings remove $(DESTDIR)$(SYSCONF) $(PREFIX)

# Both from the work tree as it is, also without git; what comes out is in build/deb and build/rpm.
deb rpm:
	@packaging/install-deps build package
	@sh packaging/pack $@

dist:
	git archive --format=tar --prefix=acrotate-$(VERSION)/ HEAD | gzip -9n >acrotate-$(VERSION).tar.gz
clean:
	rm -rf build compile_commands.json

.PHONY: all format bench model mutants coverage check check-built jmespath-suite check-e2e check-az check-kube check-identity deps demo fuzz fuzz-built install deb rpm libraries lint proof proof-mutants prove prove-quick uninstall dist clean FORCE_CORPUS $(FUZZ:%=fuzz-%)
.SECONDARY:
.DELETE_ON_ERROR:
-include $(ALL_OBJ:.o=.d) $(FUZZ_OBJ:.o=.d) $(wildcard $B/tests/*/*.d)
