# make abi: does the shared library still serve programs that were built on the last version of its soname? The symbols that
# version exported and the layout of every type in its headers stand in tests/reference/abi; make abi-baseline writes them,
# with each release.
.PHONY: abi abi-baseline
abi_folder := $(BUILD)/abi
abi_baseline := tests/reference/abi/$(soname).abi.xz
# Types come from one object that includes all public headers; the others know only their symbols (-g1). Inline functions
# are everybody's own copy: weak symbols are none of the ABI.
$(abi_folder)/now.abi: $(BUILD)/libfanin.a packaging/exported.awk packaging/abi.mk $(installed_headers)
	@.ci/prerequisites abigail-tools xz-utils
	@mkdir -p $(@D) && printf '%s\n' $(filter-out fanin/kernels/%,$(installed_headers:framework/%=%)) | sed 's/.*/#include <&>/' >$(@D)/api.cpp
	@$(CXX) -std=c++20 -O0 -g2 -fno-eliminate-unused-debug-types -fPIC -Iframework -c $(@D)/api.cpp -o $(@D)/api.o
	@nm -g --defined-only -P $< | awk '$$2 ~ /[BDRT]/' | awk -f packaging/exported.awk >$(@D)/exported.map
	@$(CXX) -shared -Wl,-soname,$(soname) -Wl,--version-script,$(@D)/exported.map -Wl,--whole-archive $< -Wl,--no-whole-archive $(@D)/api.o -o $(@D)/libfanin.so
	@abidw --load-all-types --no-show-locs --no-corpus-path --no-comp-dir-path --no-architecture --no-elf-needed --no-parameter-names \
	  --out-file $@ $(@D)/libfanin.so

# First the comparison itself is tried, on libraries of a few lines.
abi: $(abi_folder)/now.abi
	@tests/install/abi.sh
	@packaging/compare-abi.sh $(abi_baseline) $<

abi-baseline: $(abi_folder)/now.abi
	@grep -q '<elf-symbol ' $< && mkdir -p $(dir $(abi_baseline)) && xz -9e -c $< >$(abi_baseline) && ls -l $(abi_baseline)
