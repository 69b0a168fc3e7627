namespace Margay.CalcGraph.Nodes;

/// <summary>Hears of each match that begins or ends between a selector and a class with members.</summary>
internal interface IMatchListener
{
    /// <summary>Nothing has changed yet: note what was.</summary>
    void BeforeMatchChange(SelectorNode selector, LabelClass c);

    void AfterMatchChange(SelectorNode selector, LabelClass c, bool matches);
}
