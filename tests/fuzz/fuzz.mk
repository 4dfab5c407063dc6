# `make fuzz`: each tests/fuzz/fuzz_*.cpp is a libFuzzer target that starts from tests/fuzz/corpus/ITS_NAME; what it
# finds stays in build/. Needs clang.
.PHONY: fuzz
FUZZ_RUNS ?= 20000
FUZZ_CXX := $(if $(shell command -v ccache),ccache )clang++
FUZZ_FLAGS := -std=c++20 -O1 -g1 -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all -pthread -I. -isystem /usr/include/stb
fuzzers := $(patsubst tests/fuzz/%.cpp,%,$(wildcard tests/fuzz/fuzz_*.cpp))
# The parts that read what others wrote, and what those stand on.
fuzzed  := $(foreach d,core autograd io data,$(wildcard framework/$(d)/*.cpp)) $(wildcard datasets/*.cpp)

fuzz: $(addprefix $(BUILD)/fuzz/,$(fuzzers))
	@for name in $(fuzzers); do mkdir -p $(BUILD)/fuzz/found/$$name; echo "fuzz: $$name, $(FUZZ_RUNS) runs"; \
	  $(BUILD)/fuzz/$$name -runs=$(FUZZ_RUNS) -seed=1 -timeout=10 -rss_limit_mb=4096 -print_final_stats=0 -verbosity=0 -print_funcs=0 \
	    -artifact_prefix=$(BUILD)/fuzz/found/$$name- $(BUILD)/fuzz/found/$$name \
	    tests/fuzz/corpus/$$name \
	    > $(BUILD)/fuzz/found/$$name.log 2>&1 || { tail -n 40 $(BUILD)/fuzz/found/$$name.log; exit 1; }; done
$(BUILD)/fuzz/%.o: %.cpp
	@command -v clang++ >/dev/null || $(MAKE) deps EXTRA='clang libclang-rt-14-dev'
	@mkdir -p $(@D)
	$(FUZZ_CXX) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
$(BUILD)/libfanin_fuzz.a: $(call objects,fuzz,$(fuzzed))
	@rm -f $@; ar rcs $@ $^
$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(BUILD)/libfanin_fuzz.a
	$(FUZZ_CXX) -fsanitize=fuzzer,address,undefined $^ -o $@ $(LDLIBS)
