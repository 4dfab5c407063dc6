#!/bin/bash
# A comparison, then a training, on machines that mpirun reaches by itself: the cores of this one, or of those in a
# file of host names (HOSTS=hosts.txt, a line each: "node1 slots=32").
set -e
hosts=${HOSTS:+--hostfile $HOSTS}
ranks=${RANKS:-$(nproc)}

# Runs are shared out: the same command line as for one process, and the same results.json, to the bit but for times.
# --bind-to core gives each rank a core of its own; a rank then makes one run at a time unless --jobs says otherwise.
# odls_base_sigkill_timeout: on Ctrl-C mpirun sends SIGTERM, and after so many seconds (1 by default) SIGKILL; ranks
# end the step under way, and rank 0 writes the report of what is finished.
mpirun $hosts -n "$ranks" --bind-to core --mca odls_base_sigkill_timeout 30 \
  build/fanin compare --models "lenet; mlp" --schemes "default; xavier_uniform; kaiming_normal" --seeds 5 \
  --data "fashion-mnist(per_class=1000)" --epochs 2 --out out/on-ranks

# A training whose batches are shared out: each is cut in --shards, whose gradients are summed in an order that follows
# from that number alone. 1, 2, 4 or 8 processes, or one without mpirun, give the same bits with --shards 8. A model with
# batch normalization has the statistics of each shard, or with --sync-batch-norm those of the whole batch. fanin finetune
# is started in the same way.
mpirun $hosts -n 2 --bind-to core --mca odls_base_sigkill_timeout 30 \
  build/fanin train --model lenet --data "fashion-mnist(per_class=1000)" --batch 128 --shards 8 --epochs 2 \
  --checkpoint out/on-ranks/lenet --resume --output out/on-ranks/lenet.safetensors
