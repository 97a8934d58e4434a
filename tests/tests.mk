# Included by the Makefile, run from there.
#
# make check          unit, flow, fault and corpus tests, some seconds; alone: build/release/t/NAME, its log build/release/ok/NAME.log
# make check-e2e      the real programs, the emulator, real clients
# make check-az       the real az against the emulator, and beside our methods of authentication
# make check-kube     what speaks to Kubernetes, against a real kube-apiserver
# make check-blob     records in Azure Blob Storage, against Azurite, Microsoft's own emulator of it
# make check-vault    the emulator's key vault, against Microsoft's own client of it
# make check-image    the image of `make image`, and a cluster's job run by it
# make check-identity every method of authentication, with its failures, and a proxy in a network of its own
# make lint           layers, names, form, headers, banned functions, clang-tidy and more (tests/lint/quick.sh: what takes seconds)
# make coverage       error branches of rotate/, sink/, store/, base/fs* that no test executes: none, or it fails
# make proof          contracts of the rule and the parsers, for all inputs, by Frama-C, Z3 and CVC4 (proof-mutants: does it see faults?)
# make mutants        does each test see the fault it is there for? (tests/mutants/faults.list; FAULTS='src/base/str.c' some of them)
# make model          every order of everything that can happen, under the real rule, further out than in check
# make prove          kill -9 and errors anywhere, the network, others at work: one table (prove-quick: a sample)
# make fuzz           libFuzzer, needs clang (FUZZ_TIME=60); fuzz-NAME: one target
# make bench          side by side with peers (BENCH=full, BENCH=growth)
# make demo           a real rotation against the emulator, told step by step

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
$B/t/flow-test_fleet: FLOW_WRAP := $(patsubst %,-Wl$(comma)--wrap=%,plan_decide step_try_held rotation_all_tried rotation_is_busy)
$B/t/fault-fault_fs $B/t/fault-fault_fs_places: FAULT_WRAP := $(file <tests/fault/WRAP.fs)
$B/t/fault-fault_libsecret: FAULT_WRAP := $(file <tests/fault/WRAP.libsecret)
$B/t/fault-fault_libsecret: TEST_LIBS += $(SECRET_LIBS)
$B/t/fault-fault_libsecret: $B/src/keyring/libsecret.o $B/src/keyring/session.o
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

# Seconds for one test program.
TEST_TIMEOUT ?= 600
# One stamp per test program, so that `make -j` runs them in parallel and a red one is run again.
RUN := $(patsubst $B/t/%,$B/ok/%,$(UNIT) $(FLOW) $(FAULT)) $(FUZZ:%=$B/ok/fuzz-%) $B/ok/jmespath-suite
check: deps
	$Q$(MAKE) --no-print-directory -j$(shell nproc) all check-built
check-built: $(RUN)
	@cat $(RUN:=.log) | sh tests/summary.sh $(words $(RUN))
$B/ok/fuzz-%: $B/t/fuzz-% FORCE_CORPUS
	@mkdir -p $(@D); $< $(sort $(wildcard tests/fuzz/corpus/$*/*)) >$@.log 2>&1 || { cat $@.log; rm -f $@; exit 1; }; touch $@
$B/ok/%: $B/t/%
	@mkdir -p $(@D); timeout $(TEST_TIMEOUT) $(TEST_WRAPPER) $< >$@.log 2>&1 || { cat $@.log; exit 1; }; touch $@
FORCE_CORPUS:

deps:
	@packaging/install-deps build
# They wait more than they compute.
WAITING := $(shell expr 2 \* $$(nproc))
check-e2e: all $(if $(KEYRING),$B/secret-service)
	@packaging/install-deps e2e
	@prove --timer --comments -j$(WAITING) $(filter-out tests/e2e/az%,$(sort $(wildcard tests/e2e/*.t)))
# The guarantee: killed anywhere, everything broken, others at work. prove-quick takes a sample of each.
prove prove-quick: all $B/stop-at $B/clock.so
	@packaging/install-deps e2e
	@BUILD=$(abspath $B) perl tests/prove/all.pl $(if $(filter prove,$@),whole,quick) $B/$@.logs
proof:
	@packaging/install-deps proof
	@tests/proof/run.sh
# The model of the rule, further out than in `check`: some minutes, and 2 GB at most.
model: all $B/t/flow-test_model $B/t/flow-test_model_fleet $B/t/flow-test_model_followers
	@$(MAKE) --no-print-directory -j2 --output-sync model-test_model model-test_model_fleet model-test_model_followers
model-%: $B/t/flow-%
	MODEL=full $<
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
$B/clock.so: tests/prove/clock.c
	$Qmkdir -p $(@D) && $(CC) $(CFLAGS) -std=gnu17 -D_GNU_SOURCE $(WARN) -fPIC -shared -o $@ $<
check-image: image
	@packaging/install-deps e2e kube image
	@tests/kube/build >/dev/null
	@prove --timer --comments $(sort $(wildcard tests/image/*.t))
# The tests of Kubernetes against a real kube-apiserver, which is built once, into a cache outside the
# tree.
check-kube: all
	@packaging/install-deps e2e kube
	@tests/kube/build >/dev/null
	@KUBE=real prove --timer --comments $(sort $(wildcard tests/e2e/kube_*.t))
# The tests of records in Blob Storage against Azurite, which is installed once, into a cache outside
# the tree.
check-blob: all
	@packaging/install-deps e2e npm
	@tests/blob/build >/dev/null
	@BLOB=real prove --timer --comments $(sort $(wildcard tests/e2e/blob_*.t))
# The emulator's key vault against Microsoft's own client, which is installed once, into a cache
# outside the tree.
check-vault: all
	@packaging/install-deps e2e npm
	@tests/vault/build >/dev/null
	@VAULT=real prove --timer --comments $(sort $(wildcard tests/e2e/vault_*.t))
check-identity: all
	@packaging/install-deps e2e
	@prove -v --timer tests/e2e/identity.t
check-az: all
	@packaging/install-deps e2e az
	@AZ=must prove -v --timer tests/e2e/az*.t tests/e2e/identity.t
demo:
	@packaging/install-deps build demo
	@$(MAKE) --no-print-directory -j$(shell nproc) all
	@sh tests/e2e/demo.sh

bench: all $B/bench/measure $B/bench/bare $B/bench/delay
	@packaging/install-deps e2e bench
	@$(MAKE) --no-print-directory -s install DESTDIR=$(abspath $B)/bench/installed PREFIX=/usr >$B/bench/install.log
	@BUILD=$(abspath $B) INSTALLED=$(abspath $B)/bench/installed BENCH=$(BENCH) sh tests/bench/run.sh
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
	@build/fuzz/$* -max_total_time=$(FUZZ_TIME) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
	  -artifact_prefix=build/fuzz/$*- build/fuzz/new-$* $(wildcard tests/fuzz/corpus/$*) >build/fuzz/$*.log 2>&1 \
	  && { printf 'fuzz-%-20s ' $* && sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/$*.log; } \
	  || { echo "fuzz-$*: FAILED"; grep -v '# Uses:' build/fuzz/$*.log | tail -n 40; exit 1; }
build/fuzz/o/%.o: %.c
	@mkdir -p $(@D) && clang $(FUZZ_FLAGS) $(CPPFLAGS_OWN) $(SECRET_CFLAGS) -Itests -std=c17 -MMD -MP -c -o $@ $<
build/fuzz/lib.a: $(FUZZ_OBJ)
	@rm -f $@ && $(AR) rcs $@ $^
build/fuzz/%: tests/fuzz/fuzz_%.c build/fuzz/lib.a
	@clang $(FUZZ_FLAGS) $(CPPFLAGS_OWN) -Itests -std=c17 -o $@ $^ $(TEST_LIBS)

# Which error branches no test executes, of the code that must survive every error: rotate/, sink/, store/, base/fs*. A build of its own, whose
# counters are shared memory: what a process has counted stays, however it ends. They are atomic, for a condition's count may be a
# difference of two: one that got lost would be a branch never taken. Each program makes its file once before anybody
# who is not root has to write it. COVERAGE=all lists more; ERRORS=sample takes a sample of flow/test_errors_anywhere, as `make check` does.
COVER     := build/coverage
COVERED   := src/rotate/ src/sink/ src/store/ src/base/fs
COVER_E2E := status takeover hooks helper metrics keyring shadow template hosts hang kube_sink kube_state vault_sink \
             follow kube_follow vault_follow store crowd
coverage:
	@packaging/install-deps build ci e2e
	@rm -rf $(COVER)/profiles $(COVER)/ok && mkdir -p $(COVER)/profiles && chmod 0777 $(COVER)/profiles
	@ERRORS=$(or $(ERRORS),full) $(MAKE) --no-print-directory TEST_TIMEOUT=900 -k -j$(shell nproc) B=$(COVER) CC=clang CFLAGS='-O1 -g -Qunused-arguments -fcoverage-mapping \
	  -fprofile-update=atomic \
	  -fprofile-instr-generate=$(CURDIR)/$(COVER)/profiles/%m%c.profraw -mllvm -runtime-counter-relocation' all check-built
	@umask 0; for p in $(notdir $(PROGRAMS)); do $(COVER)/$$p --version >/dev/null 2>&1 || :; done
	@BUILD=$(CURDIR)/$(COVER) prove --timer --comments -j$(WAITING) $(COVER_E2E:%=tests/e2e/%.t)
	@perl tests/coverage/report.pl $(COVER) $(COVERED)

lint: export LINT_COMPILE = $(COMPILE)
lint: export LINT_BUILD = $B
lint: all $(ALL_OBJ)
	@sh tests/lint/run.sh $(ALL_OBJ)

.PHONY: bench model mutants coverage check check-built jmespath-suite check-e2e check-az check-kube check-image check-blob check-vault check-identity deps demo fuzz fuzz-built lint proof proof-mutants prove prove-quick FORCE_CORPUS $(FUZZ:%=fuzz-%)
-include $(FUZZ_OBJ:.o=.d) $(wildcard $B/tests/*/*.d)
