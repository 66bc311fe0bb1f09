"""River's classes whose predictions change them.

After such a prediction the object is another one than the fold of what it has learned. The tests hold these
lists to the River that is installed.
"""

#: By module and name: classes that change when they predict, or when they meet a feature for the first time.
DRAWING: frozenset[tuple[str, str]] = frozenset(
    {
        # Each prediction draws.
        ("river.active.entropy", "EntropySampler"),
        ("river.feature_selection.random", "PoissonInclusion"),
        ("river.multioutput.chain", "MonteCarloClassifierChain"),
        ("river.preprocessing.lda", "LDA"),
        ("river.reco.normal", "RandomNormal"),
        # Each prediction merges what it predicts for into the cluster that is nearest.
        ("river.cluster.textclust", "TextClust"),
        # A feature that is new draws, or is remembered.
        ("river.cluster.k_means", "KMeans"),
        ("river.facto.ffm", "FFMClassifier"),
        ("river.facto.ffm", "FFMRegressor"),
        ("river.facto.fm", "FMClassifier"),
        ("river.facto.fm", "FMRegressor"),
        ("river.facto.fwfm", "FwFMClassifier"),
        ("river.facto.fwfm", "FwFMRegressor"),
        ("river.facto.hofm", "HOFMClassifier"),
        ("river.facto.hofm", "HOFMRegressor"),
        ("river.feature_extraction.kernel_approx", "RBFSampler"),
        ("river.feature_extraction.kernel_approx", "RandomTreesEmbedding"),
        ("river.preprocessing.random_projection", "GaussianRandomProjector"),
        ("river.preprocessing.random_projection", "SparseRandomProjector"),
        ("river.reco.biased_mf", "BiasedMF"),
        ("river.reco.funk_mf", "FunkMF"),
        # Each score moves its thresholds.
        ("river.anomaly.pad", "PredictiveAnomalyDetection"),
        # The first prediction after a learn forms the clusters anew.
        ("river.cluster.dbstream", "DBSTREAM"),
        ("river.cluster.denstream", "DenStream"),
        # The first prediction for a label makes its classifier.
        ("river.multioutput.chain", "ClassifierChain"),
        ("river.multioutput.chain", "ProbabilisticClassifierChain"),
    }
)

#: Classes that a prediction changes until they have learned something, and never again: it sets them up for
#: the features that it happens to have.
UNTIL_LEARNED: frozenset[tuple[str, str]] = frozenset(
    {
        ("river.compat.sklearn_to_river", "SKL2RiverClassifier"),
        ("river.compat.sklearn_to_river", "SKL2RiverRegressor"),
        ("river.ensemble.streaming_random_patches", "SRPClassifier"),
        ("river.forest.adaptive_random_forest", "ARFClassifier"),
        ("river.forest.adaptive_random_forest", "ARFRegressor"),
        ("river.forest.online_extra_trees", "OXTRegressor"),
        ("river.linear_model.ad_predictor", "AdPredictor"),
    }
)

CHANGING = DRAWING | UNTIL_LEARNED
