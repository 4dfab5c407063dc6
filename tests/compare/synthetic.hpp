#pragma once
#include <fanin/compare/results.hpp>

/// Invented but plausible results: 2 models × 11 schemes × 3 seeds with curves, profiles, histograms and
/// filters; zeros and constant stay at chance level, normal(std=1) diverges in part. The summary is computed
/// from the runs.
fanin::compare::Comparison synthetic_comparison();
