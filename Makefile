# fanin: `make help` lists what a user types; everything else follows from the tree (a new .cpp file needs no line here).
SHELL := /bin/bash
BUILD ?= build
CXX := $(if $(shell command -v ccache),ccache )g++
OPT ?= -O2
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
CXXFLAGS += -std=c++20 $(OPT) -g1 $(WARN) -ffp-contract=off -pthread -I. -isystem /usr/include/stb -MMD -MP $(SANITIZE)
LDLIBS += -lopenblas -lfmt -lz -lzip -lpthread $(SANITIZE)
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

engine_dirs := core kernels autograd ops init nn
engine  := $(foreach d,$(engine_dirs),$(wildcard framework/$(d)/*.cpp))
library := $(wildcard framework/*/*.cpp) $(wildcard models/*.cpp) $(wildcard datasets/*.cpp)
program := $(wildcard examples/commands/*.cpp) examples/fanin.cpp
bench   := $(filter-out %/peer_libtorch.cpp,$(wildcard examples/bench/*.cpp))
# tests/double/ holds the tests that run on the double build of the engine (gradient checks).
tests        := $(filter-out tests/double/% tests/fuzz/%,$(wildcard tests/*.cpp) $(wildcard tests/*/*.cpp))
double_tests := $(wildcard tests/double/*.cpp)

objects = $(patsubst %.cpp,$(BUILD)/$(1)/%.o,$(2))

.PHONY: all program tests bench deps data-mnist
all: program
program: $(BUILD)/fanin
tests: $(BUILD)/tests $(BUILD)/tests_double

$(BUILD)/float/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -c $< -o $@
$(BUILD)/double/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -DFANIN_DOUBLE -c $< -o $@

$(BUILD)/libfanin.a: $(call objects,float,$(library))
	@rm -f $@; ar rcs $@ $^
$(BUILD)/libfanin_double.a: $(call objects,double,$(engine))
	@rm -f $@; ar rcs $@ $^
$(BUILD)/fanin: $(call objects,float,$(program)) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
$(BUILD)/tests: $(call objects,float,$(tests)) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
$(BUILD)/tests_double: $(call objects,double,$(double_tests)) $(BUILD)/libfanin_double.a
	$(CXX) $^ -o $@ $(LDLIBS)

$(BUILD)/fanin_bench: $(call objects,float,$(bench)) $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
# PyTorch's own C++ front end, where Debian's libtorch-dev is: its headers do not pass our warnings.
$(BUILD)/peer_libtorch: examples/bench/peer_libtorch.cpp
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -O2 -w -isystem /usr/include/torch/csrc/api/include $< -o $@ -ltorch -ltorch_cpu -lc10

# fanin against PyTorch, in turn: a table, out/bench/results.json, out/bench/bench.md.
bench: program $(BUILD)/fanin_bench $(if $(wildcard /usr/include/torch/csrc),$(BUILD)/peer_libtorch)
	$(BUILD)/fanin_bench $(BENCH_FLAGS)

# The compiler does not see what the assembler includes.
$(BUILD)/float/framework/lab/page_files.o: $(wildcard framework/lab/page/*)

# Debian packages the build needs, Fashion-MNIST among them; asks for nothing when they are there.
deps:
	@tools/install_prerequisites.sh
data-mnist:
	@datasets/fetch_mnist.sh

include tests/fuzz/fuzz.mk

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
