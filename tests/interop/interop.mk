# Where Debian's python3-torch is: `make interop`, weights from fanin to PyTorch and back; `make bench-load`, the time to
# load a large file in turn with torch.load. interop.cpp is fanin's side of both.
.PHONY: interop bench-load
TORCH_PYTHON ?= /usr/bin/python3
interop: script = interop.py
bench-load: script = bench_load.py
interop bench-load: deps
	@$(TORCH_PYTHON) -c 'import torch' 2>/dev/null || { echo '$@: skipped, $(TORCH_PYTHON) has no torch (Debian: apt-get install python3-torch)'; exit 0; }; \
	$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/interop && $(TORCH_PYTHON) tests/interop/$(script) $(BUILD)/interop
$(BUILD)/interop: $(BUILD)/float/tests/interop/interop.o $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
