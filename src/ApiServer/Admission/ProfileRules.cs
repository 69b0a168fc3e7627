using Margay.Api.Resources;
using Margay.ApiServer.Rest;

namespace Margay.ApiServer.Admission;

/// <summary>The profile that lets everything pass is made by the server and means what its name says.</summary>
internal static class ProfileRules
{
    public const string AllowAll = "projectcalico-default-allow";

    public static Status? Check(AdmissionRequest request) =>
        request.Name == AllowAll ? Statuses.Forbidden(request.Kind, AllowAll, "it is built in; make a profile of another name") : null;
}
