#pragma once
#include <fanin/core/tensor.hpp>
#include <fanin/kernels/pointwise/activation.hpp>

/// @file
/// What the units of a layer — columns of an output [N, C], channels of [N, C, H, W] — do on a batch.
namespace fanin::probe {

/// Share of units whose output is the same, to 1 part in 10^6, for the whole batch: zero behind a ReLU, or
/// saturated.
double dead_share(const Tensor& output);
/// Share of outputs on the flat ends of a bounded activation, where its slope is below 6 % of its largest:
/// |tanh| > 0.97, sigmoid outside [0.015, 0.985]. 0 for every other activation.
double saturated_share(const Tensor& output, kernels::Activation activation);
/// Root of the mean over all outputs of their variance from sample to sample: what a layer still says about
/// its input, without what it says to everyone.
double signal_std(const Tensor& output);
/// Share of units that have a twin: another unit with, to 1 part in 10^5, the same output and the same
/// gradient on every sample. Twins with equal incoming weights take equal steps and never part. `gradient`
/// has the output's shape.
double twin_share(const Tensor& output, const Tensor& gradient);
/// Mean cosine of the angle between two samples' outputs, over all pairs of the first `samples` of the
/// batch: c of Schoenholz et al. 2017. Samples whose outputs are all zero are left out; 1 where fewer than
/// two are left.
double mean_correlation(const Tensor& output, Index samples);
/// Over how many directions the samples' outputs spread: exp of the entropy of the normalized eigenvalues of
/// their covariance (Roy & Vetterli 2007), from the first `samples` of the batch; at most samples - 1. 0 when
/// they do not differ.
double effective_rank(const Tensor& output, Index samples);

}  // namespace fanin::probe
