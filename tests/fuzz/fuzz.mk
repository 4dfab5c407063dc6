# `make fuzz`, and `make test FUZZ=1` as CI runs it: each tests/fuzz/fuzz_*.cpp is a libFuzzer target that starts from
# tests/fuzz/corpus/ITS_NAME; what it finds stays in build/. Needs clang.
.PHONY: fuzz fuzzers
FUZZ_RUNS ?= 20000
FUZZ_CXX := $(if $(shell command -v ccache),ccache )clang++
FUZZ_FLAGS := -std=c++20 -O1 -g1 -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all -pthread -Iframework -I. -isystem /usr/include/stb
fuzzers := $(patsubst tests/fuzz/%.cpp,%,$(wildcard tests/fuzz/fuzz_*.cpp))
# The parts that read what others wrote, and what those stand on.
fuzzed  := $(foreach d,core random autograd io data,$(wildcard framework/fanin/$(d)/*.cpp)) $(wildcard datasets/*.cpp)
# The generator's kernels read nothing, and are written for GCC's targets: as the program has them.
unfuzzed := $(call objects,float,framework/fanin/kernels/random/random.cpp framework/fanin/kernels/simd/isa.cpp)
fuzz_programs := $(addprefix $(BUILD)/fuzz/,$(fuzzers))

fuzzers: $(fuzz_programs)
fuzz: $(fuzz_programs)
	@for program in $^; do tests/fuzz/run.sh $$program $(FUZZ_RUNS) || exit 1; done
$(BUILD)/fuzz/%.o: %.cpp
	@command -v clang++ >/dev/null || $(MAKE) deps EXTRA='clang libclang-rt-14-dev'
	@mkdir -p $(@D)
	$(FUZZ_CXX) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
$(BUILD)/libfanin_fuzz.a: $(call objects,fuzz,$(fuzzed))
	@rm -f $@; ar rcs $@ $^
$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(unfuzzed) $(BUILD)/libfanin_fuzz.a
	$(FUZZ_CXX) -fsanitize=fuzzer,address,undefined $^ -o $@ $(LDLIBS)
